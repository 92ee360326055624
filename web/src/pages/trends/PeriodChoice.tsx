// Chooses the period: four that the server names, or any two dates.

import { Trans, useLingui } from '@lingui/react/macro';
import { plural } from '@lingui/core/macro';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';

import { periodsQuery } from '../../api/periods';
import { DateRange } from '../../parts/DateRange';
import { useZone } from '../../preferences/preferences';

interface PeriodChoiceProps {
  shown: { from: string; through: string } | undefined;
}

export function PeriodChoice({ shown }: PeriodChoiceProps) {
  const { t } = useLingui();
  const navigate = useNavigate();
  const periods = useQuery(periodsQuery(useZone())).data;
  return (
    <section className="period screen-only" aria-label={t`Period`}>
      <ul className="period-named">
        {periods?.periods.map(({ days, from, through }) => (
          <li key={days}>
            <Link
              to="/trends"
              search={{ from, to: through }}
              className="button"
              aria-current={shown?.from === from && shown.through === through ? 'true' : undefined}
            >
              {plural(days, { one: '# day', other: '# days' })}
            </Link>
          </li>
        ))}
      </ul>
      <details className="period-own">
        <summary>
          <Trans>Custom dates</Trans>
        </summary>
        <OwnPeriod
          key={`${shown?.from} ${shown?.through}`}
          shown={shown}
          latest={periods?.today}
          choose={(from, to) => void navigate({ to: '/trends', search: { from, to } })}
        />
      </details>
    </section>
  );
}

interface OwnPeriodProps extends PeriodChoiceProps {
  latest: string | undefined;
  choose: (from: string, to: string) => void;
}

function OwnPeriod({ shown, latest, choose }: OwnPeriodProps) {
  const [from, setFrom] = useState(shown?.from ?? '');
  const [to, setTo] = useState(shown?.through ?? '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    choose(from, to);
  };
  return (
    <form onSubmit={submit} className="period-form">
      <DateRange from={from} to={to} latest={latest} onFrom={setFrom} onTo={setTo} />
      <button type="submit" className="button-main">
        <Trans>Show these days</Trans>
      </button>
    </form>
  );
}
