// A failed step: the program's own error message, in English, and what to do.

import { Trans } from '@lingui/react/macro';

import type { RunStep } from '../../api/client';
import { Banner } from '../../parts/Banner';
import { useStaffWords } from './staff-words';

export function Failure({ step }: { step: RunStep }) {
  const words = useStaffWords();
  const todo = step.error_kind === null ? undefined : words.todo(step.error_kind);
  return (
    <Banner
      tone="bad"
      title={
        <Trans>
          {words.step(step.step)}, attempt {step.attempt}: failed
        </Trans>
      }
    >
      {step.error !== null && <p lang="en">{step.error}</p>}
      {(step.hint !== null || todo !== undefined) && (
        <p>
          <strong>
            <Trans>What to do:</Trans>
          </strong>{' '}
          {step.hint !== null && <span lang="en">{step.hint}. </span>}
          {todo}
        </p>
      )}
    </Banner>
  );
}
