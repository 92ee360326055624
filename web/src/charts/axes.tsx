// The axes of a chart: horizontal guides with their numbers, and names below the columns.

import type { ScaleLinear } from 'd3-scale';
import type { Box } from './scales';

interface GuidesProps {
  scale: ScaleLinear<number, number>;
  at: readonly number[];
  box: Box;
  rem: number;
  format: (value: number) => string;
}

export function Guides({ scale, at, box, rem, format }: GuidesProps) {
  return (
    <g className="chart-guides">
      {at.map((value) => (
        <g key={value} transform={`translate(0 ${round(scale(value))})`}>
          <line x1={box.left} x2={box.right} className={value === 0 ? 'chart-base' : 'chart-guide'} />
          <text x={box.left - rem * 0.4} dy="0.32em" textAnchor="end">
            {format(value)}
          </text>
        </g>
      ))}
    </g>
  );
}

export interface AxisName {
  x: number;
  text: string;
}

/** Names below the axis; the first and the last are kept inside the chart. */
export function Names({ names, y, width }: { names: readonly AxisName[]; y: number; width: number }) {
  return (
    <g className="chart-names">
      {names.map(({ x, text }) => (
        <text key={`${x} ${text}`} x={round(x)} y={y} textAnchor={width - x < 12 ? 'end' : 'middle'}>
          {text}
        </text>
      ))}
    </g>
  );
}

/** Rounds to half a pixel, which is precise enough and keeps the SVG short. */
export function round(value: number): number {
  return Math.round(value * 2) / 2;
}
