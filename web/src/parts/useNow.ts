// The current time, for ages and countdowns that tick without a reload.

import { useEffect, useState } from 'react';

/** Returns the device's clock in milliseconds, updated every `everyMs` and when the page becomes visible again. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const renew = () => setNow(Date.now());
    const timer = setInterval(renew, everyMs);
    document.addEventListener('visibilitychange', renew);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', renew);
    };
  }, [everyMs]);
  return now;
}
