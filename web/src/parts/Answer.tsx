// One API response on a page, in all its states: loading, slow, failed, stale, loaded.

import { Trans } from '@lingui/react/macro';
import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';

import { Banner } from './Banner';
import { ProblemPanel } from './ProblemPanel';

/** The wait after which "Still loading…" is shown. */
const PATIENCE_MS = 1000;

export interface AnswerProps<T> {
  query: UseQueryResult<T>;
  /** A placeholder of the final height. */
  skeleton: ReactNode;
  children: (data: T) => ReactNode;
}

export function Answer<T>({ query, skeleton, children }: AnswerProps<T>) {
  if (query.data !== undefined) {
    return (
      <div aria-busy={query.isFetching} className="answer">
        {children(query.data)}
      </div>
    );
  }
  if (query.fetchStatus === 'paused') {
    return <NotKept />;
  }
  if (query.isError) {
    return <ProblemPanel error={query.error} retry={() => void query.refetch()} />;
  }
  return <Waiting>{skeleton}</Waiting>;
}

/** Shown without a network for a view that was not opened before. */
function NotKept() {
  return (
    <div className="panel">
      <Banner tone="info" title={<Trans>Not available offline</Trans>}>
        <Trans>
          There is no network, and you have not opened this view before. It loads automatically when the network is
          back.
        </Trans>
      </Banner>
    </div>
  );
}

export function Waiting({ children }: { children: ReactNode }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="waiting">
      {children}
      <p role="status" className="waiting-text muted">
        {late && <Trans>Still loading…</Trans>}
      </p>
    </div>
  );
}
