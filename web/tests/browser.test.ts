// All browser tests, on one demo. Without a browser or the program they are skipped, with the reason.

import { after, before, describe, test } from 'node:test';

import { closeBrowser, openBrowser } from './support/browser.ts';
import { obstacle, startDemo, stopDemo } from './support/demo.ts';

const reason = obstacle();
if (reason === undefined) {
  // A suite, so that the demo also stops if only some tests are selected by name.
  describe('a real browser over the real demo', async () => {
    before(async () => {
      await startDemo();
      await openBrowser();
    });
    after(async () => {
      await closeBrowser();
      await stopDemo();
    });
    await import('./journeys.ts');
    await import('./numbers.ts');
    await import('./devices.ts');
    await import('./people.ts');
    await import('./successors.ts');
    await import('./budgets.ts');
    await import('./pages.ts');
    // Last, since they add data that the others would see.
    await import('./late.ts');
    await import('./clocks.ts');
  });
} else {
  test('a real browser over the real demo', { skip: `skipped: ${reason}` });
}
