// The first and the last day, in the browser's own date inputs. ISO dates sort as text.

import { Trans } from '@lingui/react/macro';
import { useId } from 'react';

import './period.css';

interface DateRangeProps {
  from: string;
  to: string;
  latest: string | undefined;
  onFrom: (date: string) => void;
  onTo: (date: string) => void;
}

export function DateRange({ from, to, latest, onFrom, onTo }: DateRangeProps) {
  const id = useId();
  return (
    <div className="date-range">
      <label htmlFor={`${id}-from`}>
        <Trans>First day</Trans>
      </label>
      <input
        id={`${id}-from`}
        type="date"
        required
        value={from}
        max={to === '' ? latest : to}
        onChange={(event) => onFrom(event.target.value)}
      />
      <label htmlFor={`${id}-to`}>
        <Trans>Last day</Trans>
      </label>
      <input
        id={`${id}-to`}
        type="date"
        required
        value={to}
        min={from}
        max={latest}
        onChange={(event) => onTo(event.target.value)}
      />
    </div>
  );
}
