// All browser tests over one demo. Where there is no browser or no program they are skipped, and say why.

import { after, before, describe, test } from 'node:test';

import { closeBrowser, openBrowser } from './support/browser.ts';
import { obstacle, startDemo, stopDemo } from './support/demo.ts';

const reason = obstacle();
if (reason === undefined) {
  // A suite, so that the demo also ends where only some of the tests are asked for by name.
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
    // Last, since they add to what the others see.
    await import('./late.ts');
    await import('./clocks.ts');
  });
} else {
  test('a real browser over the real demo', { skip: `skipped: ${reason}` });
}
