// Freshness, reconciliation, horizon and orphans: the facts behind the verdict.

import { Trans, useLingui } from '@lingui/react/macro';
import type { ReactNode } from 'react';

import type { Pipeline } from '../../api/client';
import { useFormat } from '../../i18n/format';
import { useNow } from '../../parts/useNow';
import { useStaffWords } from './staff-words';

export function Facts({ pipeline, answeredAt }: { pipeline: Pipeline; answeredAt: number }) {
  const { t } = useLingui();
  const { age, dateTime, number } = useFormat();
  const words = useStaffWords();
  const now = useNow(10_000);
  const passed = Math.max(now - answeredAt, 0) / 1000;
  const { freshness, reconciliation, horizon, orphans } = pipeline;
  const unknown = t`not known`;
  return (
    <dl className="staff-facts">
      <Fact
        name={t`Data up to`}
        value={freshness.data_as_of === null ? unknown : dateTime(freshness.data_as_of)}
        note={
          freshness.age_s === null ? (
            <Trans>scheduled every {age(freshness.schedule_s)}</Trans>
          ) : (
            <Trans>
              {age(freshness.age_s + passed)} old; late after {age(freshness.stale_after_s)}
            </Trans>
          )
        }
      />
      <Fact
        name={t`Reconciliation`}
        value={
          reconciliation.state === 'agreed' ? t`agreed` : reconciliation.state === 'differed' ? t`differed` : unknown
        }
        note={reconciliation.at === null ? '' : dateTime(reconciliation.at)}
      />
      <Fact
        name={t`Horizon`}
        value={horizon === null ? unknown : t`${age(horizon.age_s + passed)} old`}
        note={
          horizon === null || horizon.form === null ? (
            <Trans>No run has determined a horizon yet.</Trans>
          ) : (
            words.form(horizon.form)
          )
        }
      />
      <Fact
        name={t`Orphans`}
        value={orphans === null ? unknown : number(orphans)}
        note={
          orphans === null || orphans === 0 ? (
            <Trans>cells of chips without an owner</Trans>
          ) : (
            <Trans>
              cells of chips without an owner: enter the prostheses in the CRM, and the next run will show them
            </Trans>
          )
        }
      />
    </dl>
  );
}

function Fact({ name, value, note }: { name: string; value: string; note: ReactNode }) {
  return (
    <div className="panel">
      <dt>{name}</dt>
      <dd className="staff-value">{value}</dd>
      <dd className="muted">{note}</dd>
    </div>
  );
}
