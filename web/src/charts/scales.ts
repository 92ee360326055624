// Which numbers and names stand beside a chart's axes, and where a point lies. Nothing here knows SVG.

import { scaleBand, scaleLinear, type ScaleBand, type ScaleLinear } from 'd3-scale';

/** The inside of a chart, in CSS pixels: where marks are drawn. */
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Equal columns for `count` points between the sides of the box. */
export function columns(count: number, box: Box, padding = 0.2): ScaleBand<number> {
  const indices = Array.from({ length: count }, (_, index) => index);
  return scaleBand<number>()
    .domain(indices)
    .range([box.left, box.right])
    .paddingInner(padding)
    .paddingOuter(padding / 2);
}

/** The middle of a column. */
export function middle(scale: ScaleBand<number>, index: number): number {
  return (scale(index) ?? 0) + scale.bandwidth() / 2;
}

/** The column under a horizontal position; the nearest one beyond the ends. */
export function columnAt(x: number, count: number, box: Box): number {
  const share = (x - box.left) / Math.max(box.right - box.left, 1);
  return Math.min(Math.max(Math.floor(share * count), 0), Math.max(count - 1, 0));
}

/** Counts from zero up to a round number that is at least the largest of `values`, and at least one. */
export function fromZero(values: readonly (number | null)[], box: Box, guides = 4): ScaleLinear<number, number> {
  const largest = Math.max(1, ...values.filter((value) => value !== null));
  return scaleLinear().domain([0, largest]).nice(guides).range([box.bottom, box.top]);
}

/** Measurements between round numbers around `values`, never narrower than `least`, so that noise does not look like news. */
export function around(
  values: readonly (number | null)[],
  least: number,
  box: Box,
  guides = 3,
): ScaleLinear<number, number> {
  const known = values.filter((value) => value !== null);
  let low = known.length > 0 ? Math.min(...known) : 0;
  let high = known.length > 0 ? Math.max(...known) : least;
  if (high - low < least) {
    const centre = (low + high) / 2;
    low = Math.max(0, centre - least / 2);
    high = low + least;
  }
  return scaleLinear().domain([low, high]).nice(guides).range([box.bottom, box.top]);
}

/** The values of an axis that get a line: whole numbers only where `whole`. */
export function lines(scale: ScaleLinear<number, number>, count: number, whole: boolean): number[] {
  const ticks = scale.ticks(count);
  return whole ? ticks.filter(Number.isInteger) : ticks;
}

/**
 * Which of the points get a name below the axis, so that neighbours stay `need` pixels apart: every one, or every second,
 * and so on through `steps`, counted from those whose `rank` is divisible by the step.
 */
export function named(
  ranks: readonly (number | null)[],
  band: number,
  need: number,
  steps: readonly number[],
): boolean[] {
  const step = steps.find((candidate) => candidate * band >= need) ?? steps.at(-1) ?? 1;
  let previous = Number.NEGATIVE_INFINITY;
  return ranks.map((rank, index) => {
    const shown = rank !== null && rank % step === 0 && (index - previous) * band >= need;
    if (shown) {
      previous = index;
    }
    return shown;
  });
}
