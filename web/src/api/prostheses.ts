// The wearer's prostheses: one list, used by several pages.

import { queryOptions } from '@tanstack/react-query';

import { listProstheses } from './client';

export const prosthesesQuery = queryOptions({
  queryKey: ['prostheses'],
  queryFn: ({ signal }) => listProstheses({ signal }),
  staleTime: 10 * 60_000,
});
