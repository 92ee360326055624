// The keyboard contract of every chart: one tab stop, arrow keys inside. Pure, so that it can be tested as a table.
// A chart holds the index of the selected point, or none; a key moves it, requests the next or the previous page of
// data, or leaves the chart.

/** The effect of a key: go to a point, turn the page, or leave the chart. */
export type Move = { to: number } | { page: -1 | 1 } | 'leave';

export interface Keyboard {
  /** The number of points. */
  count: number;
  /** The step of the up and down arrows; undefined if the chart has one row. */
  row?: number | undefined;
  /** Set if PageUp and PageDown turn the page of data; otherwise they move by `leap` points. */
  pages?: boolean | undefined;
  /** The step of PageUp and PageDown within the chart. */
  leap?: number | undefined;
}

/** Returns the effect of `key` with the cursor at `at`; undefined if it is not one of the chart's keys. */
export function move(key: string, at: number | undefined, keyboard: Keyboard): Move | undefined {
  const { count, row, pages = false, leap = 7 } = keyboard;
  const last = count - 1;
  if (key === 'Escape') {
    return 'leave';
  }
  if (key === 'PageUp' || key === 'PageDown') {
    const direction = key === 'PageUp' ? -1 : 1;
    if (pages) {
      return { page: direction };
    }
    return count === 0 ? undefined : { to: within((at ?? 0) + direction * leap, last) };
  }
  if (count === 0) {
    return undefined;
  }
  switch (key) {
    case 'Home':
      return { to: 0 };
    case 'End':
      return { to: last };
    case 'ArrowRight':
      return { to: at === undefined ? 0 : within(at + 1, last) };
    case 'ArrowLeft':
      return { to: at === undefined ? last : within(at - 1, last) };
    case 'ArrowDown':
    case 'ArrowUp': {
      if (row === undefined) {
        return undefined;
      }
      if (at === undefined) {
        return { to: 0 };
      }
      const next = at + (key === 'ArrowDown' ? row : -row);
      return { to: next < 0 || next > last ? at : next };
    }
    default:
      return undefined;
  }
}

function within(index: number, last: number): number {
  return Math.min(Math.max(index, 0), last);
}
