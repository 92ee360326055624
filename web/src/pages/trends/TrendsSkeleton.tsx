// The Trends page while its numbers load, with the same heights.

import { Skeleton } from '../../parts/Skeleton';

export function TrendsSkeleton() {
  return (
    <>
      <Skeleton height="9rem" />
      <Skeleton height="26rem" />
      <Skeleton height="28rem" />
      <Skeleton height="24rem" />
    </>
  );
}
