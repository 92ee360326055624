// Fails when the committed client is not what the committed OpenAPI document gives.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';

const COMMITTED = 'src/api/generated/client.ts';
// Beside the committed one, since what is generated names its imports by where it lies.
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
