// The six numbers of the day, in the order in which wearers look for them.

import { Trans, useLingui } from '@lingui/react/macro';

import type { DayReport } from '../../api/client';
import { useFormat } from '../../i18n/format';
import { Card } from './Card';
import { digitsFor } from './usual';

export function Cards({ report }: { report: DayReport }) {
  const { t } = useLingui();
  const format = useFormat();
  const { summary, usual } = report;
  const soFar = report.state === 'running';
  const digits = digitsFor(usual?.avg_response_time_ms);
  const whole = (value: number) => format.number(Math.round(value));
  const percent = (value: number) => format.unit(Math.round(value), 'percent');
  const last = format.unit(round(summary.last_battery_level), 'percent');
  const perThousand = format.number(summary.errors_per_1000_movements, 1);
  return (
    <section aria-labelledby="day-numbers">
      <h2 id="day-numbers" className="visually-hidden">
        <Trans>The day in numbers</Trans>
      </h2>
      <ul className="day-cards">
        <Card
          name={t`Movements`}
          topic="movements"
          value={summary.total_movements}
          text={format.number(summary.total_movements)}
          band={usual?.movements}
          soFar={soFar}
          write={whole}
        />
        <Card
          name={t`Hours in use`}
          topic="hours"
          value={summary.uptime_hours}
          text={format.unit(summary.uptime_hours, 'hour')}
          band={usual?.usage_hours}
          soFar={soFar}
          write={(value) => format.number(value)}
        />
        <Card
          name={t`Response time`}
          topic="response"
          value={summary.avg_response_time_ms}
          text={format.unit(summary.avg_response_time_ms, 'ms', digits)}
          band={usual?.avg_response_time_ms}
          write={(value) => format.number(value, digits)}
        />
        <Card
          name={t`Battery, average`}
          topic="battery"
          value={summary.avg_battery_level}
          text={format.unit(round(summary.avg_battery_level), 'percent')}
          band={usual?.avg_battery_level}
          soFar={soFar}
          write={percent}
        />
        <Card
          name={t`Battery, lowest`}
          topic="battery"
          value={summary.lowest_battery_level}
          text={format.unit(round(summary.lowest_battery_level), 'percent')}
          band={usual?.lowest_battery_level}
          soFar={soFar}
          write={percent}
          also={t`last reading ${last}`}
        />
        <Card
          name={t`Errors`}
          topic="errors"
          value={summary.total_errors}
          text={format.number(summary.total_errors)}
          band={usual?.errors}
          soFar={soFar}
          write={(value) => format.number(value)}
          also={t`${perThousand} per 1,000 movements`}
        />
      </ul>
    </section>
  );
}

function round(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}
