// The three panels of `hour-panels`, each in its own box on the common axis.

import type { ScaleBand } from 'd3-scale';
import { Guides, round } from './axes';
import type { Extreme } from './extremes';
import type { HourOfDay } from './hours';
import { LinePanel } from './line-panel';
import { around, fromZero, lines, middle, type Box } from './scales';
import { scaleLinear } from 'd3-scale';

export interface PanelProps {
  hours: readonly HourOfDay[];
  x: ScaleBand<number>;
  box: Box;
  rem: number;
  number: (value: number) => string;
}

/** The minimum span of the response axis in milliseconds, so that small differences look small. */
const LEAST_RESPONSE_SPAN_MS = 20;

interface BatteryPanelProps extends PanelProps {
  title: string;
  low: Extreme | undefined;
  last: Extreme | undefined;
  percent: (value: number) => string;
}

export function BatteryPanel({ hours, x, box, rem, number, title, low, last, percent }: BatteryPanelProps) {
  const y = scaleLinear().domain([0, 100]).range([box.bottom, box.top]);
  return (
    <g>
      <PanelTitle box={box} rem={rem} text={title} />
      <Guides scale={y} at={[0, 50, 100]} box={box} rem={rem} format={number} />
      <LinePanel
        className="chart-battery"
        values={hours.map((hour) => hour.battery)}
        lows={hours.map((hour) => hour.lowest)}
        x={x}
        y={y}
      />
      {low !== undefined && (
        <>
          <LowestMark x={middle(x, low.index)} y={y(low.value) + 5} />
          <LowestLabel x={middle(x, low.index)} y={y(low.value)} box={box} rem={rem} text={percent(low.value)} />
        </>
      )}
      {last !== undefined && (
        <>
          <LastMark x={middle(x, last.index)} y={y(last.value)} />
          <Label x={middle(x, last.index)} y={y(last.value) - 0.6 * rem} box={box} text={percent(last.value)} />
        </>
      )}
    </g>
  );
}

interface ResponsePanelProps extends PanelProps {
  title: string;
  usual: { low: number; high: number } | undefined;
}

export function ResponsePanel({ hours, x, box, rem, number, title, usual }: ResponsePanelProps) {
  const values = hours.map((hour) => hour.response);
  const span = usual === undefined ? values : [...values, usual.low, usual.high];
  const y = around(span, LEAST_RESPONSE_SPAN_MS, box);
  return (
    <g>
      <PanelTitle box={box} rem={rem} text={title} />
      {usual !== undefined && (
        <rect
          className="chart-usual"
          x={box.left}
          width={box.right - box.left}
          y={round(y(usual.high))}
          height={Math.max(round(y(usual.low) - y(usual.high)), 2)}
        />
      )}
      <Guides scale={y} at={lines(y, 3, false)} box={box} rem={rem} format={number} />
      <LinePanel className="chart-response" values={values} x={x} y={y} />
    </g>
  );
}

export function ErrorsPanel({ hours, x, box, rem, number, title }: PanelProps & { title: string }) {
  const values = hours.map((hour) => hour.errors);
  const y = fromZero(values, box, 2);
  const roomy = x.step() >= 1.1 * rem;
  return (
    <g>
      <PanelTitle box={box} rem={rem} text={title} />
      <Guides scale={y} at={lines(y, 2, true)} box={box} rem={rem} format={number} />
      {values.map((value, index) => {
        if (value === null || value === 0) {
          return null;
        }
        const top = round(y(value));
        return (
          <g key={index}>
            <rect
              className="chart-error"
              x={round(x(index) ?? 0)}
              y={top}
              width={round(x.bandwidth())}
              height={box.bottom - top}
            />
            {roomy && (
              <text className="chart-label" x={middle(x, index)} y={top - 3} textAnchor="middle">
                {number(value)}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}

export function LowestMark({ x, y }: { x: number; y: number }) {
  return <path className="chart-mark" d={`M${round(x)} ${round(y) + 4}l-5 -8h10z`} />;
}

export function LastMark({ x, y }: { x: number; y: number }) {
  return <rect className="chart-mark" x={round(x) - 4} y={round(y) - 4} width="8" height="8" />;
}

function PanelTitle({ box, rem, text }: { box: Box; rem: number; text: string }) {
  return (
    <text className="chart-panel-title" x={0} y={box.top - rem}>
      {text}
    </text>
  );
}

/** A value next to its mark, kept inside the box. */
function Label({ x, y, box, text }: { x: number; y: number; box: Box; text: string }) {
  const room = text.length * 4;
  const anchor = x + room > box.right ? 'end' : x - room < box.left ? 'start' : 'middle';
  return (
    <text className="chart-label" x={round(x)} y={round(y)} textAnchor={anchor}>
      {text}
    </text>
  );
}

/** A label below the mark, or to its side if the axis is near. */
function LowestLabel({ x, y, box, rem, text }: { x: number; y: number; box: Box; rem: number; text: string }) {
  if (y + 1.6 * rem <= box.bottom) {
    return <Label x={x} y={y + 1.5 * rem} box={box} text={text} />;
  }
  const left = x - box.left > 3 * rem;
  return (
    <text className="chart-label" x={round(left ? x - 8 : x + 8)} y={round(y + 6)} textAnchor={left ? 'end' : 'start'}>
      {text}
    </text>
  );
}
