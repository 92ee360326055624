// Catalogues are in the folder that uses the strings: src/<folder>/locales/<language>.po, one catalogue per folder.
import { readdirSync } from 'node:fs';
import { defineConfig } from '@lingui/cli';
import { formatter } from '@lingui/format-po';

const folders = (under: string) =>
  readdirSync(under, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'locales')
    .map((entry) => `${under}/${entry.name}`);

/** Folders without user-visible strings. */
const SILENT = ['src/api', 'src/design', 'src/i18n', 'src/offline', 'src/pages', 'src/preferences', 'src/worker'];

const owners = [...folders('src').filter((folder) => !SILENT.includes(folder)), ...folders('src/pages')];

export default defineConfig({
  sourceLocale: 'en',
  locales: ['en', 'ru'],
  catalogs: owners.map((folder) => ({
    path: `<rootDir>/${folder}/locales/{locale}`,
    include: [`<rootDir>/${folder}`],
    exclude: ['**/*.test.ts', '**/*.test.tsx', '**/generated/**'],
  })),
  format: formatter({ lineNumbers: false, origins: false }),
});
