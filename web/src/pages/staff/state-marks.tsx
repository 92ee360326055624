// A shape for each state of the pipeline and of a run, so that none is shown by colour alone.

import type { PipelineState, RunState } from '../../api/client';

type Mark = PipelineState | RunState;

/** The path of each shape within a 20 by 20 box. */
const SHAPES: Record<Mark, string> = {
  ok: 'M4 10.5l4 4 8-9',
  late: 'M10 4v6.5l4 3',
  failing: 'M5 5l10 10M15 5L5 15',
  unknown: 'M7 7.5a3 3 0 1 1 4.2 2.7c-.8.4-1.2.9-1.2 2M10 15v.6',
  done: 'M4 10.5l4 4 8-9',
  nothing_new: 'M5 10h10',
  failed: 'M5 5l10 10M15 5L5 15',
  running: 'M7 5l8 5-8 5z',
  abandoned: 'M5 15L15 5M5 5h4M11 15h4',
};

export function StateMark({ state, size = 20 }: { state: Mark; size?: number }) {
  return (
    <svg className="staff-mark" viewBox="0 0 20 20" width={size} height={size} aria-hidden="true" focusable="false">
      <path d={SHAPES[state]} />
    </svg>
  );
}
