// Builds dist/: hashed files without anything inline, which the binary embeds and serves under a strict policy.

import { lingui } from '@lingui/vite-plugin';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The development server's target for API and session calls: a running `bionicpro demo`.
const service = process.env['BIONICPRO_BFF'] ?? 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [lingui({ macroTransform: true }), react()],
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    modulePreload: { polyfill: false },
    // scripts/empty.mjs empties it, and keeps the committed file.
    emptyOutDir: false,
    manifest: true,
    assetsInlineLimit: 0,
    rollupOptions: {
      input: { app: 'index.html', worker: 'src/worker/worker.ts' },
      output: {
        entryFileNames: (chunk) => (chunk.name === 'worker' ? 'worker.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: { proxy: { '/api': service, '/auth': service } },
  test: { include: ['src/**/*.test.{ts,tsx}'] },
});
