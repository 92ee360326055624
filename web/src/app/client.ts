// The in-memory cache of responses, and the retries of failed calls.

import { hashKey, QueryClient } from '@tanstack/react-query';

import { isPassing } from '../api/problem';
import { meQuery } from '../session/me';
import { pageState } from '../session/owner';

/** Responses younger than this are shown again without a request. */
const FRESH_MS = 60_000;
/** Automatic retries of a call that may succeed later, before an error is shown. */
const RETRIES = 1;

export const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Every key contains the owner of the response, so no other account finds it, in memory or in the offline record.
      queryKeyHashFn: (key) => hashKey([pageState().owner, ...key]),
      staleTime: FRESH_MS,
      gcTime: 24 * 60 * 60_000,
      retry: (failures, error) => failures < RETRIES && isPassing(error),
      retryDelay: 700,
    },
    mutations: { retry: false },
  },
});

// This response determines the page's owner, so its key cannot contain one.
client.setQueryDefaults(meQuery.queryKey, { queryKeyHashFn: hashKey });
