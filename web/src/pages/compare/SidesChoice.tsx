// Chooses the two periods: the last 7, 30 or 90 days and as many before them, or any four dates.

import { plural } from '@lingui/core/macro';
import { Trans, useLingui } from '@lingui/react/macro';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';

import type { Periods } from '../../api/client';
import { useFormat } from '../../i18n/format';
import { DateRange } from '../../parts/DateRange';
import { parsePeriod, writePeriod } from './address';
import { presets } from './presets';

interface SidesChoiceProps {
  a: string | undefined;
  b: string | undefined;
  periods: Periods | undefined;
  /** The first day with data; undefined while unknown, null if there is none. */
  first: string | null | undefined;
}

export function SidesChoice({ a, b, periods, first }: SidesChoiceProps) {
  const { i18n, t } = useLingui();
  const { date } = useFormat();
  const { offered, tooLong } = presets(periods?.periods ?? [], first);
  const lengths = new Intl.ListFormat(i18n.locale).format(tooLong.map(String));
  return (
    <section className="period screen-only" aria-label={t`Periods`}>
      {offered.length > 0 && (
        <ul className="period-named">
          {offered.map(({ days, a: before, b: last }) => (
            <li key={days}>
              <Link
                to="/compare"
                search={{ a: before, b: last }}
                className="button"
                aria-current={a === before && b === last ? 'true' : undefined}
              >
                {plural(days, {
                  one: 'Last # day and the # before',
                  other: 'Last # days and the # before',
                })}
              </Link>
            </li>
          ))}
        </ul>
      )}
      {first && tooLong.length > 0 && (
        <p className="muted">
          <Trans>
            The last {lengths} days cannot be compared with the same number of days before them yet: your data begin on{' '}
            {date(first, 'long')}.
          </Trans>
        </p>
      )}
      <details className="period-own">
        <summary>
          <Trans>Custom dates</Trans>
        </summary>
        <OwnSides key={`${a} ${b}`} a={a} b={b} latest={periods?.today} />
      </details>
    </section>
  );
}

function OwnSides({ a, b, latest }: { a: string | undefined; b: string | undefined; latest: string | undefined }) {
  const navigate = useNavigate();
  const [from, setFrom] = useState({
    a: parsePeriod(a)?.from ?? '',
    b: parsePeriod(b)?.from ?? '',
  });
  const [to, setTo] = useState({ a: parsePeriod(a)?.to ?? '', b: parsePeriod(b)?.to ?? '' });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void navigate({
      to: '/compare',
      search: { a: writePeriod(from.a, to.a), b: writePeriod(from.b, to.b) },
    });
  };
  return (
    <form onSubmit={submit} className="period-form">
      {(['a', 'b'] as const).map((side) => (
        <fieldset key={side}>
          <legend>{side === 'a' ? <Trans>Period A</Trans> : <Trans>Period B</Trans>}</legend>
          <DateRange
            from={from[side]}
            to={to[side]}
            latest={latest}
            onFrom={(date) => setFrom({ ...from, [side]: date })}
            onTo={(date) => setTo({ ...to, [side]: date })}
          />
        </fieldset>
      ))}
      <button type="submit" className="button-main">
        <Trans>Compare these days</Trans>
      </button>
    </form>
  );
}
