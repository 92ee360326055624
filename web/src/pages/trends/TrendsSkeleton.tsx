// The room that the page's numbers will take.

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
