// Fails a build that exceeds a size budget or has anything inline. Sizes are gzip, in kB of 1,000 bytes.

import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGETS = { initial: 160, route: 40, css: 25 };

const manifest = JSON.parse(readFileSync('node_modules/.manifest.json', 'utf8'));
const size = (file) => gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length / 1000;

/** Returns an entry and everything that it imports before it runs. */
function closure(key, found = new Set()) {
  if (!found.has(key)) {
    found.add(key);
    for (const next of manifest[key].imports ?? []) closure(next, found);
  }
  return found;
}

const script = (keys) => [...keys].reduce((sum, key) => sum + size(manifest[key].file), 0);
const entries = Object.entries(manifest);
const [start] = entries.find(([, chunk]) => chunk.isEntry && chunk.name !== 'worker');
const base = closure(start);
const strings = entries.filter(([key]) => key.includes('i18n/strings.')).map(([key]) => script([key]));
const routes = entries.filter(([key, chunk]) => chunk.isDynamicEntry && key.includes('/pages/'));

const rows = [['initial JavaScript with one language', script(base) + Math.max(...strings), BUDGETS.initial]];
for (const [key] of routes) {
  rows.push([
    key.replace(/^.*\/pages\//, ''),
    script([...closure(key)].filter((each) => !base.has(each))),
    BUDGETS.route,
  ]);
}
const styles = readdirSync('dist/assets').filter((file) => file.endsWith('.css'));
rows.push(['CSS of all pages', styles.reduce((sum, file) => sum + size(`assets/${file}`), 0), BUDGETS.css]);

let failed = false;
for (const [name, kb, budget] of rows) {
  const over = kb > budget;
  failed ||= over;
  console.log(`${over ? 'TOO LARGE' : 'ok'}\t${kb.toFixed(1)} of ${budget} kB\t${name}`);
}

const document = readFileSync('dist/index.html', 'utf8');
if (/<style|<script(?![^>]*\ssrc=)|\son[a-z]+=|\sstyle=|(src|href)="(https?:)?\/\//.test(document)) {
  console.log('the document has something inline, or of another origin');
  failed = true;
}
process.exit(failed ? 1 : 0);
