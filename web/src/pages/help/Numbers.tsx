// The calculation of each number. The formulas are those of the service; averages are never averages of averages.

import { Trans, useLingui } from '@lingui/react/macro';
import type { ReactNode } from 'react';

export function Numbers() {
  const { t } = useLingui();
  return (
    <section className="panel stack" aria-labelledby="numbers">
      <h2 id="numbers">
        <Trans>Numbers</Trans>
      </h2>
      <p>
        <Trans>
          Averages are rounded once, at the end, to one decimal place. An unknown number is shown as a dash, never as
          zero.
        </Trans>
      </p>
      <dl className="help-list">
        <Calculation
          name={t`Movements`}
          formula={t`movements = number of records that the chip sent for the hour, the day or the period`}
        >
          <Trans>All movements, including those with an error. With several prostheses, their sum.</Trans>
        </Calculation>
        <Calculation name={t`Hours in use`} formula={t`hours in use = number of hours with movements ≥ 1`}>
          <Trans>Counted once, however many prostheses moved in the hour.</Trans>
        </Calculation>
        <Calculation
          name={t`Response, average`}
          formula={t`response = sum of all response times ÷ number of movements that have one`}
        >
          <Trans>
            Every movement counts the same, so an hour with many movements counts for more than one with few.
          </Trans>
        </Calculation>
        <Calculation
          name={t`Battery, average`}
          formula={t`battery = sum of all reported levels ÷ number of movements that have one`}
        >
          <Trans>The average of the levels reported with movements. It is not an average over time.</Trans>
        </Calculation>
        <Calculation
          name={t`Battery, lowest and last`}
          formula={t`lowest = lowest reported level; last = level of the last movement that has one`}
        >
          <Trans>With several prostheses, the lowest of their values.</Trans>
        </Calculation>
        <Calculation name={t`Errors per 1,000 movements`} formula={t`errors per 1,000 = errors ÷ movements × 1,000`}>
          <Trans>Makes a busy day and a quiet one comparable.</Trans>
        </Calculation>
        <Calculation
          name={t`Usual and usual range`}
          formula={t`usual = median; usual range = 10th to 90th percentile of the complete days with data among the 28 days before`}
        >
          <Trans>
            Eight out of ten of your days fall within the range. With fewer than 5 days with data there is no usual
            range.
          </Trans>
        </Calculation>
        <Calculation
          name={t`7-day median`}
          formula={t`median of the complete days with data among the day and the 6 before it`}
        >
          <Trans>
            The middle value when the days are put in order; a single unusual day does not shift it. With fewer than 4
            days there is no median.
          </Trans>
        </Calculation>
        <Calculation
          name={t`A typical day`}
          formula={t`for each hour: median, 25th to 75th and 10th to 90th percentile of its movements over the complete days with data`}
        >
          <Trans>
            An hour without movements counts as zero on such a day. With fewer than 5 days there is no typical day.
          </Trans>
        </Calculation>
        <Calculation
          name={t`Comparison of two periods`}
          formula={t`difference = B − A; per cent = difference ÷ A × 100; per day = per day with data`}
        >
          <Trans>
            Shown only if at least half of the days of both periods have data; otherwise missing days would look like a
            change.
          </Trans>
        </Calculation>
      </dl>
    </section>
  );
}

interface CalculationProps {
  name: string;
  formula: string;
  children: ReactNode;
}

function Calculation({ name, formula, children }: CalculationProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <p>{children}</p>
        <p className="help-formula">{formula}</p>
      </dd>
    </div>
  );
}
