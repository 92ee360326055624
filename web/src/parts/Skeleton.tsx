// A placeholder for numbers: of the same height, so that the layout does not shift, and hidden from screen readers.

import './parts.css';

export function Skeleton({ height, width = '100%' }: { height: string; width?: string }) {
  return <span className="skeleton" aria-hidden="true" style={{ blockSize: height, inlineSize: width }} />;
}
