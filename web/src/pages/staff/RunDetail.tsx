// One run: its facts, its steps with their times, and the remedy for each failure.

import { Trans, useLingui } from '@lingui/react/macro';
import { useQuery } from '@tanstack/react-query';

import type { RunReport } from '../../api/client';
import { useFormat } from '../../i18n/format';
import { Answer } from '../../parts/Answer';
import { Skeleton } from '../../parts/Skeleton';
import { Failure } from './Failure';
import { runQuery } from './queries';
import { StateMark } from './state-marks';
import { StepTimes } from './StepTimes';
import { useStaffWords } from './staff-words';

export function RunDetail({ run }: { run: string }) {
  const query = useQuery(runQuery(run));
  return (
    <section className="panel staff-run" aria-labelledby="run">
      <Answer query={query} skeleton={<Skeleton height="22rem" />}>
        {(report) => <Report report={report} />}
      </Answer>
    </section>
  );
}

function Report({ report: { run, horizon, steps } }: { report: RunReport }) {
  const { t } = useLingui();
  const { dateTime, number } = useFormat();
  const words = useStaffWords();
  const failures = steps.filter((step) => step.state === 'failed');
  const facts: [string, string | null][] = [
    [t`Kind`, run.kind === null ? null : words.kind(run.kind)],
    [t`Started`, dateTime(run.started_at)],
    [t`Duration`, t`${number(run.duration_ms / 1000)} s`],
    [
      t`Range`,
      run.range_from === null || run.range_to === null
        ? null
        : `${dateTime(run.range_from)} – ${dateTime(run.range_to)}`,
    ],
    [t`Horizon`, horizon === null || horizon.lag_s === null ? null : t`${number(horizon.lag_s)} s before its snapshot`],
    [t`Rows read`, run.rows === null ? null : number(run.rows)],
    [t`Cells`, run.cells === null ? null : number(run.cells)],
    [t`Orphans`, run.orphans === null ? null : number(run.orphans)],
    [t`Tombstones`, run.tombstones === null ? null : number(run.tombstones)],
    [t`Retries`, run.retries === 0 ? null : number(run.retries)],
  ];
  return (
    <>
      <h2 id="run" className="staff-run-name">
        <StateMark state={run.state} />
        <span>
          <Trans>
            Run <code>{run.run}</code>: {words.runs[run.state]}
          </Trans>
        </span>
      </h2>
      {failures.map((step) => (
        <Failure key={`${step.step} ${step.attempt}`} step={step} />
      ))}
      {run.state === 'abandoned' && (
        <p>
          <Trans>Its process ended unexpectedly. No action is needed: the next run picks up where it left off.</Trans>
        </p>
      )}
      <dl className="staff-run-facts">
        {facts.map(([name, value]) =>
          value === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
      <StepTimes steps={steps} />
    </>
  );
}
