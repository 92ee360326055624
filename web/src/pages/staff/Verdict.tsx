// The overall state of the pipeline: the worst of freshness, newest runs and reconciliation. Unknown is never green.

import { Trans, useLingui } from '@lingui/react/macro';

import type { Pipeline } from '../../api/client';
import { useFormat } from '../../i18n/format';
import { useNow } from '../../parts/useNow';
import { StateMark } from './state-marks';
import { useStaffWords } from './staff-words';

interface VerdictProps {
  pipeline: Pipeline;
  /** The time of the response, by this device's clock. */
  answeredAt: number;
  /** Set if the latest request failed: the last known state is shown. */
  old: boolean;
}

/** A response older than this no longer describes the current state. */
const ANSWER_HOLDS_MS = 5 * 60_000;

export function Verdict({ pipeline, answeredAt, old }: VerdictProps) {
  const { age } = useFormat();
  const words = useStaffWords();
  const now = useNow(10_000);
  const silent = old && now - answeredAt > ANSWER_HOLDS_MS;
  const state = silent ? 'unknown' : pipeline.state;
  const reasons = useReasons(pipeline);
  return (
    <section className="panel staff-verdict" data-state={state}>
      <StateMark state={state} size={40} />
      <div>
        <h2>{words.verdicts[state]}</h2>
        {silent ? (
          <p>
            <Trans>
              The service has not responded for {age((now - answeredAt) / 1000)}. The last known state is below.
            </Trans>
          </p>
        ) : (
          <ul>
            {reasons.map(({ text, lang }) => (
              <li key={text} lang={lang}>
                {text}
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

interface Reason {
  text: string;
  /** The language, if it is not the page's. */
  lang?: 'en';
}

/**
 * Returns the reasons for the state in the page's language; those without a translation in English, as the service
 * sends them.
 */
function useReasons({ state, freshness, reconciliation, runs, reasons }: Pipeline): Reason[] {
  const { t } = useLingui();
  const { age } = useFormat();
  const words = useStaffWords();
  if (state === 'ok') {
    return [
      {
        text: t`The newest data arrived on time, the newest run succeeded, and the mart matches what it loaded.`,
      },
    ];
  }
  const found: string[] = [];
  if (freshness.state === 'unknown') {
    found.push(t`It is unknown how fresh the mart is: nothing has been loaded yet, or the warehouse does not respond.`);
  }
  if (freshness.state === 'stale' && freshness.age_s !== null) {
    found.push(
      t`The newest data are ${age(freshness.age_s)} old; they count as late after ${age(freshness.stale_after_s)}.`,
    );
  }
  const ended = runs.find((run) => run.state !== 'running');
  if (ended === undefined) {
    found.push(t`No run has finished yet.`);
  }
  if (ended?.state === 'failed') {
    found.push(
      ended.step === null
        ? t`The newest run failed.`
        : t`The newest run failed in the step “${words.step(ended.step)}”.`,
    );
  }
  if (ended?.state === 'abandoned') {
    found.push(t`The newest run started but never finished: its process was killed or its machine stopped.`);
  }
  if (reconciliation.state === 'differed') {
    found.push(t`The mart differs from the staged data. The run failed before it was recorded as done.`);
  }
  if (reconciliation.state === 'unknown') {
    found.push(t`It is unknown whether the mart matches what the newest load staged.`);
  }
  return found.length > 0 ? found.map((text) => ({ text })) : reasons.map((text) => ({ text, lang: 'en' }));
}
