// What stands where numbers will stand: of their height, so that nothing jumps, and silent to a screen reader.

import './parts.css';

export function Skeleton({ height, width = '100%' }: { height: string; width?: string }) {
  return <span className="skeleton" aria-hidden="true" style={{ blockSize: height, inlineSize: width }} />;
}
