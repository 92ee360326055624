// The numbers and names of a chart's axes, and the positions of points. Independent of SVG.

import { scaleBand, scaleLinear, type ScaleBand, type ScaleLinear } from 'd3-scale';

/** The area of a chart in which marks are drawn, in CSS pixels. */
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Returns a scale of `count` equal columns across the box. */
export function columns(count: number, box: Box, padding = 0.2): ScaleBand<number> {
  const indices = Array.from({ length: count }, (_, index) => index);
  return scaleBand<number>()
    .domain(indices)
    .range([box.left, box.right])
    .paddingInner(padding)
    .paddingOuter(padding / 2);
}

/** Returns the middle of a column. */
export function middle(scale: ScaleBand<number>, index: number): number {
  return (scale(index) ?? 0) + scale.bandwidth() / 2;
}

/** Returns the column at a horizontal position; the nearest one beyond the ends. */
export function columnAt(x: number, count: number, box: Box): number {
  const share = (x - box.left) / Math.max(box.right - box.left, 1);
  return Math.min(Math.max(Math.floor(share * count), 0), Math.max(count - 1, 0));
}

/** Returns a scale for counts, from zero to a round number that is at least the largest of `values` and at least 1. */
export function fromZero(values: readonly (number | null)[], box: Box, guides = 4): ScaleLinear<number, number> {
  const largest = Math.max(1, ...values.filter((value) => value !== null));
  return scaleLinear().domain([0, largest]).nice(guides).range([box.bottom, box.top]);
}

/**
 * Returns a scale between round numbers around `values`, never narrower than `least`, so that noise does not look
 * significant.
 */
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

/** Returns the values of an axis that get a line: only whole numbers if `whole`. */
export function lines(scale: ScaleLinear<number, number>, count: number, whole: boolean): number[] {
  const ticks = scale.ticks(count);
  return whole ? ticks.filter(Number.isInteger) : ticks;
}

/**
 * Returns the points that get a name below the axis, so that adjacent names are at least `need` pixels apart: every
 * one, every second and so on through `steps`, choosing those whose `rank` is divisible by the step.
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
