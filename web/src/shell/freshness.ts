// The freshness of the mart, polled while the app is in use.

import { queryOptions } from '@tanstack/react-query';

import { getFreshness } from '../api/client';

/** Every call extends the session, so polling stops if there was no input for this long. */
const PRESENT_MS = 5 * 60_000;
const ASK_EVERY_MS = 2 * 60_000;

let touchedAt = Date.now();
for (const event of ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const) {
  window.addEventListener(event, () => (touchedAt = Date.now()), { passive: true, capture: true });
}

export const freshnessQuery = (tz: string) =>
  queryOptions({
    queryKey: ['freshness', tz],
    queryFn: ({ signal }) => getFreshness({ tz }, { signal }),
    staleTime: 30_000,
    refetchInterval: () => (Date.now() - touchedAt < PRESENT_MS ? ASK_EVERY_MS : false),
  });
