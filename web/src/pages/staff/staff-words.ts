// The words for states, steps and kinds of the pipeline, and the remedy for each kind of failure.

import { useLingui } from '@lingui/react/macro';

import type { PipelineState, RunState, StepState } from '../../api/client';

type Words = Readonly<Record<string, string>>;

export function useStaffWords() {
  const { t } = useLingui();
  const verdicts: Record<PipelineState, string> = {
    ok: t`The pipeline is healthy and the mart is fresh`,
    late: t`The mart is late`,
    failing: t`The pipeline is failing`,
    unknown: t`The state of the pipeline is unknown`,
  };
  const runs: Record<RunState, string> = {
    done: t`done`,
    nothing_new: t`nothing new`,
    failed: t`failed`,
    running: t`running`,
    abandoned: t`abandoned`,
  };
  const kinds: Words = { tick: t`incremental run`, full: t`full run`, range: t`backfill` };
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
    creation_time: t`creation time, up to the oldest transaction`,
    row_xmin: t`system column xmin, by sequential scan`,
    none: t`none: full runs only`,
  };
  const todo: Words = {
    usage: t`The command line is wrong. Compare the orchestrator's command with the command reference, then start the run again.`,
    config: t`The configuration is wrong; retrying does not help. "bionicpro doctor" names the key.`,
    unreachable: t`A database or store did not respond. The step is retried automatically; if it keeps failing, "bionicpro doctor" shows which one.`,
    storage: t`A store does not accept writes: free up disk space or check the bucket. The step is retried automatically.`,
    data: t`The data, or the structure of a table or file, violate a rule. The step is not retried, and readers were shown nothing wrong.`,
    nothing_new: t`No action is needed.`,
    internal: t`A bug in the program. Keep the log of the run and report it; the next run picks up where this one left off.`,
  };
  // An unknown value, written by a newer program, is shown as is.
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
