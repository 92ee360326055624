// The steps of a run in the order in which they ended, with the duration of each as a bar and as a number.

import { useLingui } from '@lingui/react/macro';

import '../../charts/table.css';
import type { RunStep } from '../../api/client';
import { useFormat } from '../../i18n/format';
import { useStaffWords } from './staff-words';

export function StepTimes({ steps }: { steps: readonly RunStep[] }) {
  const { t } = useLingui();
  const { number, time } = useFormat();
  const words = useStaffWords();
  // The entry of an ended step repeats everything in its `started` entry.
  const ended = new Set(steps.filter((step) => step.state !== 'started').map((step) => `${step.step} ${step.attempt}`));
  const rows = steps.filter((step) => step.state !== 'started' || !ended.has(`${step.step} ${step.attempt}`));
  const longest = Math.max(1, ...rows.map((step) => step.duration_ms ?? 0));
  const seconds = (ms: number | null) => (ms === null ? '–' : `${number(ms / 1000, 2)}\u00a0${t`s`}`);
  return (
    <table className="chart-table staff-steps">
      <caption>{t`Steps and times`}</caption>
      <thead>
        <tr>
          <th scope="col">{t`Step`}</th>
          <th scope="col">{t`Time`}</th>
          <th scope="col">{t`Rows`}</th>
          <th scope="col">{t`Cells`}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((step) => (
          <tr key={`${step.step} ${step.attempt} ${step.state}`}>
            <th scope="row">
              {words.step(step.step)}: {words.stepStates[step.state]}, {time(step.at)}
              {step.attempt > 1 && <span className="muted"> {t`(attempt ${step.attempt})`}</span>}
              <svg aria-hidden="true" focusable="false" className="staff-bar">
                <rect width={`${Math.round(((step.duration_ms ?? 0) / longest) * 100)}%`} height="100%" />
              </svg>
            </th>
            <td>{seconds(step.duration_ms)}</td>
            <td>{number(step.rows)}</td>
            <td>{number(step.cells)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
