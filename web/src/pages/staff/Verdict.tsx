// The one answer first: does it run. It is the worst of freshness, newest runs and reconciliation, and unknown is never green.

import { Trans, useLingui } from '@lingui/react/macro';

import type { Pipeline } from '../../api/client';
import { useFormat } from '../../i18n/format';
import { useNow } from '../../parts/useNow';
import { StateMark } from './state-marks';
import { useStaffWords } from './staff-words';

interface VerdictProps {
  pipeline: Pipeline;
  /** When the answer came, by this device's clock. */
  answeredAt: number;
  /** Whether asking again has failed: what is shown is the last that was known. */
  old: boolean;
}

/** An answer older than this says nothing about now. */
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
              The service has not answered for {age((now - answeredAt) / 1000)}. What follows is the last that was
              known.
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
  /** The language, where it is not the page's. */
  lang?: 'en';
}

/** Why it is not fine, in the page's language; what the page has no words for is said in the service's, which is English. */
function useReasons({ state, freshness, reconciliation, runs, reasons }: Pipeline): Reason[] {
  const { t } = useLingui();
  const { age } = useFormat();
  const words = useStaffWords();
  if (state === 'ok') {
    return [
      {
        text: t`The newest data arrived in time, the newest run ended well, and what it loaded was compared with what the mart answers.`,
      },
    ];
  }
  const found: string[] = [];
  if (freshness.state === 'unknown') {
    found.push(t`How fresh the mart is, is not known: nothing was loaded yet, or the warehouse does not say.`);
  }
  if (freshness.state === 'stale' && freshness.age_s !== null) {
    found.push(t`The newest data are ${age(freshness.age_s)} old; more than ${age(freshness.stale_after_s)} is late.`);
  }
  const ended = runs.find((run) => run.state !== 'running');
  if (ended === undefined) {
    found.push(t`No run has ended yet.`);
  }
  if (ended?.state === 'failed') {
    found.push(
      ended.step === null
        ? t`The newest run failed.`
        : t`The newest run failed in the step “${words.step(ended.step)}”.`,
    );
  }
  if (ended?.state === 'abandoned') {
    found.push(t`The newest run began and never ended: its process was killed or its machine stopped.`);
  }
  if (reconciliation.state === 'differed') {
    found.push(t`What the mart answers differs from what was staged. The run failed before anything counted as done.`);
  }
  if (reconciliation.state === 'unknown') {
    found.push(t`Whether the mart answers what the newest load has staged is not known.`);
  }
  return found.length > 0 ? found.map((text) => ({ text })) : reasons.map((text) => ({ text, lang: 'en' }));
}
