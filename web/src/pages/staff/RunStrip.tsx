// The last 30 runs as a strip, oldest first, each with a shape, a word and a time. One tab stop, arrow keys inside;
// Enter shows a run.

import { Trans } from '@lingui/react/macro';
import { Link } from '@tanstack/react-router';
import { type KeyboardEvent, useState } from 'react';

import type { PipelineRun } from '../../api/client';
import { move } from '../../charts/cursor';
import { useFormat } from '../../i18n/format';
import { StateMark } from './state-marks';
import { useStaffWords } from './staff-words';

export function RunStrip({ runs, shown }: { runs: readonly PipelineRun[]; shown: string | undefined }) {
  const { dateTime, time } = useFormat();
  const words = useStaffWords();
  const oldestFirst = runs.toReversed();
  const current = oldestFirst.findIndex(({ run }) => run === shown);
  const [moved, setMoved] = useState<number | undefined>(undefined);
  const at = moved ?? Math.max(current, 0);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) {
      return;
    }
    const next = move(event.key, at, { count: oldestFirst.length });
    if (next === undefined || next === 'leave' || 'page' in next) {
      return;
    }
    event.preventDefault();
    setMoved(next.to);
    const links = event.currentTarget.closest('ol')?.querySelectorAll('a');
    links?.item(next.to).focus();
  };

  return (
    <section className="panel staff-runs" aria-labelledby="runs">
      <h2 id="runs">
        <Trans>The last runs</Trans>
      </h2>
      {oldestFirst.length === 0 ? (
        <p className="muted">
          <Trans>
            No runs yet. "bionicpro etl run" starts one; "bionicpro etl schedule" starts one every 15 minutes.
          </Trans>
        </p>
      ) : (
        <>
          <p className="muted">
            <Trans>Oldest first. The arrow keys move between runs, Enter shows one below.</Trans>
          </p>
          <ol className="staff-strip">
            {oldestFirst.map((run, index) => (
              <li key={run.run}>
                <Link
                  to="/staff"
                  search={{ run: run.run }}
                  resetScroll={false}
                  tabIndex={index === at ? 0 : -1}
                  onKeyDown={onKeyDown}
                  aria-current={run.run === shown ? 'true' : undefined}
                  data-state={run.state}
                >
                  <span className="staff-time">{time(run.started_at)}</span>
                  <StateMark state={run.state} />
                  <span className="staff-word">{words.runs[run.state]}</span>
                  <span className="visually-hidden">, {dateTime(run.started_at)}</span>
                </Link>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}
