// What the person has chosen: zone, language, theme, text size, hand. Kept by the server, so that it follows the person.

import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { getPreferences, type Preferences, putPreferences } from '../api/client';

export type { Preferences };

/** What holds until the person, or the server, has said otherwise. */
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

/** The zone whose midnights cut this person's days. */
export function useZone(): string {
  return usePreferences().timezone ?? 'UTC';
}

/** Changes some of them; the screen follows once the server has them. */
export function useChangePreferences() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: Partial<Preferences>) => {
      const now = client.getQueryData(preferencesQuery.queryKey) ?? NOTHING_CHOSEN;
      return putPreferences({ ...now, ...change });
    },
    onSuccess: (saved) => client.setQueryData(preferencesQuery.queryKey, saved),
  });
}
