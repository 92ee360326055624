// The Day page while its numbers load: with the same heights, so that the layout does not shift.

import { Skeleton } from '../../parts/Skeleton';

export function DaySkeleton() {
  return (
    <>
      <Skeleton height="3.5rem" width="min(100%, 44rem)" />
      <div className="day-cards">
        {[0, 1, 2, 3, 4, 5].map((card) => (
          <Skeleton key={card} height="9.5rem" />
        ))}
      </div>
      <Skeleton height="23rem" />
      <Skeleton height="34rem" />
    </>
  );
}
