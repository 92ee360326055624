// Fails if a string in the code is not in the catalogues, or a catalogue lacks a translation.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = () =>
  new Map(
    readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.po'))
      .map((file) => [file, readFileSync(join('src', file), 'utf8').replace(/"POT-Creation-Date:.*\n/, '')]),
  );

const before = read();
execFileSync('node_modules/.bin/lingui', ['extract', '--clean'], { stdio: ['ignore', 'ignore', 'inherit'] });
const after = read();
let failed = false;
for (const [file, text] of after) {
  if (before.get(file) !== text) {
    console.log(`src/${file} was out of date and is written again: translate and commit it`);
    failed = true;
  }
  const missing = [...text.matchAll(/^msgid "(.+)"\nmsgstr ""\n(?!")/gm)].map((match) => match[1]);
  for (const message of missing) {
    console.log(`src/${file} lacks: ${message}`);
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
