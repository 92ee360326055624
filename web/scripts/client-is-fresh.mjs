// Fails if the committed client differs from what the committed OpenAPI document generates.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';

const COMMITTED = 'src/api/generated/client.ts';
// Next to the committed one, since the generated imports are relative to the file's location.
const folder = mkdtempSync('src/api/fresh-');
try {
  execFileSync('node_modules/.bin/orval', ['--config', 'orval.config.ts'], {
    env: { ...process.env, BIONICPRO_CLIENT_OUT: `${folder}/client.ts` },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (readFileSync(`${folder}/client.ts`, 'utf8') !== readFileSync(COMMITTED, 'utf8')) {
    console.log(`${COMMITTED} is out of date: npm run client`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
