// A part of a page that failed to load: the error, what to do, and the request id for support.

import { Trans, useLingui } from '@lingui/react/macro';
import { useState } from 'react';

import { Problem, Unreachable } from '../api/problem';
import { Banner } from './Banner';

export function ProblemPanel({ error, retry }: { error: unknown; retry?: (() => void) | undefined }) {
  return (
    <div className="panel stack" role="alert">
      <Banner tone="bad" title={<What error={error} />}>
        <ToDo error={error} />
      </Banner>
      {retry !== undefined && (
        <button type="button" className="button-main" onClick={retry}>
          <Trans>Try again</Trans>
        </button>
      )}
      {error instanceof Problem && error.requestId !== null && <RequestId id={error.requestId} />}
    </div>
  );
}

function What({ error }: { error: unknown }) {
  if (error instanceof Unreachable) {
    return <Trans>The service is not responding</Trans>;
  }
  if (!(error instanceof Problem)) {
    return <Trans>Something went wrong on this page</Trans>;
  }
  switch (error.status) {
    case 403:
      return <Trans>This account has no access</Trans>;
    case 404:
      return <Trans>There is nothing here</Trans>;
    case 429:
      return <Trans>Too many requests at once</Trans>;
    case 503:
      return <Trans>The reports are not available at the moment</Trans>;
    default:
      return error.status >= 500 ? (
        <Trans>Something went wrong in the service</Trans>
      ) : (
        <Trans>The request was refused</Trans>
      );
  }
}

function ToDo({ error }: { error: unknown }) {
  if (error instanceof Unreachable) {
    return <Trans>Check the connection and try again. Pages that you opened earlier remain available.</Trans>;
  }
  if (!(error instanceof Problem)) {
    return <Trans>Reload the page. If that does not help, tell support what you were doing.</Trans>;
  }
  if (error.status === 429) {
    return <Trans>Wait {error.retryAfterS ?? 10} seconds, then try again.</Trans>;
  }
  if (error.status >= 500) {
    return (
      <Trans>Your data are safe. Try again in a minute; if that does not help, give support the request ID.</Trans>
    );
  }
  // The service's own text, which is English.
  return <span lang="en">{error.detail}</span>;
}

function RequestId({ id }: { id: string }) {
  const { t } = useLingui();
  const [copied, setCopied] = useState(false);
  return (
    <div className="request-id">
      <span>
        <Trans>Request ID</Trans>: <code>{id}</code>
      </span>
      <button type="button" onClick={() => void navigator.clipboard.writeText(id).then(() => setCopied(true))}>
        {copied ? t`Copied` : t`Copy request ID`}
      </button>
    </div>
  );
}
