// Empties dist/ before a build but keeps the folder itself, which the binary's build watches.

import { readdirSync, rmSync } from 'node:fs';

for (const name of readdirSync('dist')) {
  if (name !== '.gitignore') rmSync(`dist/${name}`, { recursive: true });
}
