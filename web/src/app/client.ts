// How answers are kept in memory, and what happens to a call that fails.

import { QueryClient } from '@tanstack/react-query';

import { isPassing } from '../api/problem';

/** Answers younger than this are shown again without asking. */
const FRESH_MS = 60_000;
/** How often a call that may succeed later is made again by itself, before the person is told. */
const RETRIES = 1;

export const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      gcTime: 24 * 60 * 60_000,
      retry: (failures, error) => failures < RETRIES && isPassing(error),
      retryDelay: 700,
    },
    mutations: { retry: false },
  },
});
