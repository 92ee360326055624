// Formats a period: "1–30 November 2026", "28 Oct – 26 Nov 2026". Its ends are the server's dates.

import { useLingui } from '@lingui/react';
import { useMemo } from 'react';

const NBSP = '\u00a0';

export function makePeriod(language: string): (from: string, through: string) => string {
  const format = new Intl.DateTimeFormat(language, {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });
  const instant = (date: string) => new Date(`${date}T00:00:00Z`);
  return (from, through) =>
    (from === through ? format.format(instant(from)) : format.formatRange(instant(from), instant(through))).replace(
      /(\d) (?=\p{L})/gu,
      `$1${NBSP}`,
    );
}

export function usePeriod(): (from: string, through: string) => string {
  const { i18n } = useLingui();
  return useMemo(() => makePeriod(i18n.locale), [i18n.locale]);
}
