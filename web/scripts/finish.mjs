// After the build: writes the list of files into the worker, and a compressed copy next to each file.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const DIST = 'dist';
const COMPRESSED = /\.(js|css|html|svg|json|webmanifest)$/;

// The manifest is for the budgets, not for browsers.
renameSync(join(DIST, '.vite/manifest.json'), 'node_modules/.manifest.json');
rmSync(join(DIST, '.vite'), { recursive: true });

const files = readdirSync(DIST, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
  .map((entry) => join(entry.parentPath, entry.name).slice(DIST.length + 1))
  .toSorted();

const listed = files.filter((file) => file !== 'index.html' && file !== 'worker.js').map((file) => `/${file}`);
const build = createHash('sha256')
  .update(files.map((file) => readFileSync(join(DIST, file))).reduce((all, next) => Buffer.concat([all, next])))
  .digest('hex')
  .slice(0, 16);
const worker = readFileSync(join(DIST, 'worker.js'), 'utf8');
writeFileSync(join(DIST, 'worker.js'), `self.BUILD="${build}";self.FILES=${JSON.stringify(listed)};${worker}`);

for (const file of files.filter((name) => COMPRESSED.test(name))) {
  const path = join(DIST, file);
  const content = readFileSync(path);
  const brotli = {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
  };
  writeFileSync(`${path}.br`, brotliCompressSync(content, brotli));
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
}
