// How answers are kept in memory, and what happens to a call that fails.

import { hashKey, QueryClient } from '@tanstack/react-query';

import { isPassing } from '../api/problem';
import { meQuery } from '../session/me';
import { pageState } from '../session/owner';

/** Answers younger than this are shown again without asking. */
const FRESH_MS = 60_000;
/** How often a call that may succeed later is made again by itself, before the person is told. */
const RETRIES = 1;

export const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Under every key stands whose answer it is: nobody else finds it, in memory or in the device's record.
      queryKeyHashFn: (key) => hashKey([pageState().owner, ...key]),
      staleTime: FRESH_MS,
      gcTime: 24 * 60 * 60_000,
      retry: (failures, error) => failures < RETRIES && isPassing(error),
      retryDelay: 700,
    },
    mutations: { retry: false },
  },
});

// Whose page it is, this answer says first.
client.setQueryDefaults(meQuery.queryKey, { queryKeyHashFn: hashKey });
