// The API client, generated from the committed OpenAPI document: `npm run client`, checked by `npm run client:check`.
import { defineConfig } from 'orval';

export default defineConfig({
  reports: {
    input: {
      target: '../docs/reference/openapi.json',
      filters: { mode: 'exclude', tags: ['Health'] },
    },
    output: {
      target: process.env['BIONICPRO_CLIENT_OUT'] ?? 'src/api/generated/client.ts',
      mode: 'single',
      client: 'fetch',
      urlEncodeParameters: true,
      override: {
        mutator: { path: 'src/api/call.ts', name: 'call' },
        fetch: { includeHttpResponseReturnType: false, forceSuccessResponse: true },
      },
    },
  },
});
