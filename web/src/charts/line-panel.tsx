// One measurement along the columns: a dot for each known value, and a line between adjacent known values. It never
// bridges a gap.

import { line } from 'd3-shape';
import type { ScaleBand, ScaleLinear } from 'd3-scale';
import { round } from './axes';
import { middle } from './scales';

interface LinePanelProps {
  values: readonly (number | null)[];
  x: ScaleBand<number>;
  y: ScaleLinear<number, number>;
  /** The lowest value of each column, drawn as a stem below its dot. */
  lows?: readonly (number | null)[] | undefined;
  className: string;
}

export function LinePanel({ values, x, y, lows, className }: LinePanelProps) {
  const path = line<number | null>()
    .defined((value) => value !== null)
    .x((_, index) => round(middle(x, index)))
    .y((value) => round(y(value ?? 0)));
  const radius = Math.min(3.5, Math.max(1.5, x.bandwidth() / 3));
  return (
    <g className={className}>
      {lows?.map((low, index) => {
        const value = values[index];
        if (low === null || value === null || value === undefined) {
          return null;
        }
        const at = round(middle(x, index));
        return <line key={index} className="chart-stem" x1={at} x2={at} y1={round(y(value))} y2={round(y(low))} />;
      })}
      <path className="chart-line" d={path(values) ?? ''} />
      {values.map((value, index) =>
        value === null ? null : (
          <circle key={index} className="chart-dot" cx={round(middle(x, index))} cy={round(y(value))} r={radius} />
        ),
      )}
    </g>
  );
}
