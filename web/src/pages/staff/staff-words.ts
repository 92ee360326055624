// The states, steps and kinds of the pipeline in words, and what to do about each kind of failure.

import { useLingui } from '@lingui/react/macro';

import type { PipelineState, RunState, StepState } from '../../api/client';

type Words = Readonly<Record<string, string>>;

export function useStaffWords() {
  const { t } = useLingui();
  const verdicts: Record<PipelineState, string> = {
    ok: t`The pipeline runs and the mart is fresh`,
    late: t`The mart is late`,
    failing: t`The pipeline fails`,
    unknown: t`How the pipeline is, is not known`,
  };
  const runs: Record<RunState, string> = {
    done: t`done`,
    nothing_new: t`nothing new`,
    failed: t`failed`,
    running: t`running`,
    abandoned: t`abandoned`,
  };
  const kinds: Words = { tick: t`tick`, full: t`full run`, range: t`backfill` };
  const steps: Words = {
    extract_crm_data: t`extract CRM`,
    extract_telemetry_data: t`extract telemetry`,
    transform_and_join: t`transform and join`,
    load_to_clickhouse: t`load to ClickHouse`,
  };
  const stepStates: Record<StepState, string> = {
    started: t`started`,
    done: t`done`,
    failed: t`failed`,
    skipped: t`skipped`,
  };
  const forms: Words = {
    transaction_column: t`indexed transaction ids (xid8)`,
    creation_time: t`time of creation up to the oldest transaction`,
    row_xmin: t`system column xmin, by sequential scan`,
    none: t`none: full runs only`,
  };
  const todo: Words = {
    usage: t`The call is wrong. Compare the orchestrator's command with the command reference, then start the run again.`,
    config: t`The configuration is wrong; trying again does not help. "bionicpro doctor" names the key.`,
    unreachable: t`A database or store did not answer. The step is tried again by itself; if it stays so, "bionicpro doctor" says which one.`,
    storage: t`A store does not take bytes: make room on the disk or look at the bucket. The step is tried again by itself.`,
    data: t`The data, or the shape of a table or a file, break a rule: it is not tried again, and nothing wrong was shown to readers.`,
    nothing_new: t`Nothing has to be done.`,
    internal: t`A defect of the program. Keep the log of the run and report it; the next run takes over what this one left.`,
  };
  // A word that a newer program has written is shown as it is.
  const of = (words: Words) => (word: string) => words[word] ?? word;
  return {
    verdicts,
    runs,
    stepStates,
    kind: of(kinds),
    step: of(steps),
    form: of(forms),
    todo: (kind: string) => todo[kind],
  };
}
