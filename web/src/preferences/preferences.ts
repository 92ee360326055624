// The account's preferences: zone, language, theme, text size, hand. Stored by the server, so that they apply on every
// device.

import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { getPreferences, type Preferences, putPreferences } from '../api/client';

export type { Preferences };

/** The defaults until the wearer chooses or the server responds. */
export const NOTHING_CHOSEN: Preferences = {
  timezone: null,
  language: null,
  theme: 'system',
  text_size: 'normal',
  hand: null,
};

export const preferencesQuery = queryOptions({
  queryKey: ['preferences'],
  queryFn: ({ signal }) => getPreferences({ signal }),
  staleTime: Number.POSITIVE_INFINITY,
});

export function usePreferences(): Preferences {
  return useQuery({ ...preferencesQuery, enabled: false }).data ?? NOTHING_CHOSEN;
}

/** Returns the zone whose midnights delimit the wearer's days. */
export function useZone(): string {
  return usePreferences().timezone ?? 'UTC';
}

/** Changes some of them: at once, with a rollback if the server refuses; or, if `patient`, after it has accepted. */
export function useChangePreferences({ patient = false } = {}) {
  const client = useQueryClient();
  const { queryKey } = preferencesQuery;
  return useMutation({
    scope: { id: 'preferences' },
    mutationFn: (change: Partial<Preferences>) =>
      putPreferences({ ...(client.getQueryData(queryKey) ?? NOTHING_CHOSEN), ...change }),
    onMutate: (change) => {
      const before = client.getQueryData(queryKey);
      if (!patient) {
        client.setQueryData(queryKey, { ...(before ?? NOTHING_CHOSEN), ...change });
      }
      return before;
    },
    onSuccess: (saved) => client.setQueryData(queryKey, saved),
    onError: (_error, _change, before) => client.setQueryData(queryKey, before),
  });
}
