// Formats numbers, dates and times in the app's language and the time zone that the wearer chose.
//
// A date is the server's: "2026-01-15" is formatted, never computed with. An instant is shown in the wearer's zone.

import { useLingui } from '@lingui/react';
import { useMemo } from 'react';

import { useZone } from '../preferences/preferences';

const NBSP = '\u00a0';

export type Unit = 'ms' | 'percent' | 'hour' | 'second' | 'minute';
export type DateStyle = keyof typeof DATE_STYLES;

const DATE_STYLES = {
  full: { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' },
  long: { day: 'numeric', month: 'long', year: 'numeric' },
  short: { weekday: 'short', day: 'numeric', month: 'short' },
  weekday: { weekday: 'short' },
  day: { day: 'numeric', month: 'short' },
  monthName: { month: 'short' },
  month: { month: 'long', year: 'numeric' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

const UNITS: Record<Unit, Record<string, string>> = {
  ms: { en: 'ms', ru: 'мс' },
  percent: { en: '%', ru: '%' },
  hour: { en: 'h', ru: 'ч' },
  second: { en: 's', ru: 'с' },
  minute: { en: 'min', ru: 'мин' },
};

export interface Format {
  /** 1204 → "1,204"; with `digits`, exactly that many decimals. Unknown is a dash. */
  number: (value: number | null | undefined, digits?: number) => string;
  /** A number and its unit, without a line break between them. */
  unit: (value: number | null | undefined, unit: Unit, digits?: number) => string;
  /** A date of the server, written out. */
  date: (date: string, style?: DateStyle) => string;
  /** An instant as local time in the wearer's zone. */
  time: (instant: string) => string;
  /** The same with its day. */
  dateTime: (instant: string) => string;
  /** A duration: "12 min", "3 h 5 min", "2 d". */
  age: (seconds: number) => string;
}

export function makeFormat(language: string, zone: string): Format {
  const number = (value: number | null | undefined, digits?: number) => {
    if (value === null || value === undefined) {
      return '–';
    }
    const options =
      digits === undefined
        ? { maximumFractionDigits: 1 }
        : { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return new Intl.NumberFormat(language, options).format(value);
  };
  const unit: Format['unit'] = (value, name, digits) =>
    value === null || value === undefined
      ? '–'
      : `${number(value, digits)}${NBSP}${UNITS[name][language] ?? UNITS[name]['en']}`;
  return {
    number,
    unit,
    date: (date, style = 'full') =>
      keepTogether(
        new Intl.DateTimeFormat(language, { ...DATE_STYLES[style], timeZone: 'UTC' }).format(
          new Date(`${date}T00:00:00Z`),
        ),
      ),
    time: (instant) =>
      new Intl.DateTimeFormat(language, {
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
        timeZone: zone,
      }).format(new Date(instant)),
    dateTime: (instant) =>
      keepTogether(
        new Intl.DateTimeFormat(language, {
          day: 'numeric',
          month: 'short',
          year: 'numeric',
          hour: '2-digit',
          minute: '2-digit',
          hourCycle: 'h23',
          timeZone: zone,
        }).format(new Date(instant)),
      ),
    age: (seconds) => age(seconds, unit, language),
  };
}

export function useFormat(): Format {
  const { i18n } = useLingui();
  const zone = useZone();
  return useMemo(() => makeFormat(i18n.locale, zone), [i18n.locale, zone]);
}

function age(seconds: number, unit: Format['unit'], language: string): string {
  const minutes = Math.floor(Math.max(seconds, 0) / 60);
  if (minutes < 1) {
    return `<${NBSP}${unit(1, 'minute')}`;
  }
  if (minutes < 60) {
    return unit(minutes, 'minute');
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 48) {
    return minutes % 60 === 0 ? unit(hours, 'hour') : `${unit(hours, 'hour')} ${unit(minutes % 60, 'minute')}`;
  }
  return new Intl.NumberFormat(language, { style: 'unit', unit: 'day', unitDisplay: 'long' }).format(
    Math.floor(hours / 24),
  );
}

/** Keeps a day and its month on one line. */
function keepTogether(text: string): string {
  return text.replace(/(\d) (?=\p{L})/gu, `$1${NBSP}`).replace(/(\p{L}) (?=\d{1,2}\b)/gu, `$1${NBSP}`);
}
