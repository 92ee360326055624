// One column by its state: filled if complete, hatched with a dashed edge if in progress, a dash on the base line if no
// movements were recorded, dots if the data do not cover it yet, a thin hatch before the first data.

import type { ReactNode } from 'react';
import { round } from './axes';
import { fill, type Patterns } from './patterns';
import type { PointState } from './states';

interface ColumnProps {
  state: PointState;
  x: number;
  width: number;
  /** The top of the column: its value. */
  y: number;
  top: number;
  bottom: number;
  patterns: Patterns;
}

export function Column({ state, x, width, y, top, bottom, patterns }: ColumnProps): ReactNode {
  const left = round(x);
  const wide = Math.max(round(width), 1);
  const high = Math.max(bottom - y, 0);
  switch (state) {
    case 'complete':
      return high > 0 ? <rect className="chart-column" x={left} y={y} width={wide} height={Math.max(high, 1)} /> : null;
    case 'running':
      return (
        <rect
          className="chart-column-running"
          fill={fill(patterns.hatch)}
          x={left}
          y={Math.min(y, bottom - 3)}
          width={wide}
          height={Math.max(high, 3)}
        />
      );
    case 'no_movements':
      return <rect className="chart-empty" x={left + wide * 0.2} y={bottom - 8} width={wide * 0.6} height={3} />;
    case 'newer_than_data':
      return <rect fill={fill(patterns.dots)} x={left} y={top} width={wide} height={bottom - top} />;
    case 'before_first_data':
      return <rect fill={fill(patterns.back)} x={left} y={top} width={wide} height={bottom - top} />;
  }
}
