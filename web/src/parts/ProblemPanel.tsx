// A part of a page that could not be read: what happened, what to do, and the request id for whoever is asked for help.

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
    return <Trans>The service does not answer</Trans>;
  }
  if (!(error instanceof Problem)) {
    return <Trans>This page has a defect</Trans>;
  }
  switch (error.status) {
    case 403:
      return <Trans>This account may not read this</Trans>;
    case 404:
      return <Trans>There is nothing here</Trans>;
    case 429:
      return <Trans>Too many requests at once</Trans>;
    case 503:
      return <Trans>The reports are not available at the moment</Trans>;
    default:
      return error.status >= 500 ? <Trans>The service made a mistake</Trans> : <Trans>The request was refused</Trans>;
  }
}

function ToDo({ error }: { error: unknown }) {
  if (error instanceof Unreachable) {
    return <Trans>Check the connection, then try again. What was read before stays readable.</Trans>;
  }
  if (!(error instanceof Problem)) {
    return <Trans>Load the page again. If that does not help, tell support what you were doing.</Trans>;
  }
  if (error.status === 429) {
    return <Trans>Wait {error.retryAfterS ?? 10} seconds, then try again.</Trans>;
  }
  if (error.status >= 500) {
    return (
      <Trans>Your data are safe. Try again in a minute; if it stays like this, give support the request id.</Trans>
    );
  }
  // The service's own words, which are English.
  return <span lang="en">{error.detail}</span>;
}

function RequestId({ id }: { id: string }) {
  const { t } = useLingui();
  const [copied, setCopied] = useState(false);
  return (
    <div className="request-id">
      <span>
        <Trans>Request id</Trans>: <code>{id}</code>
      </span>
      <button type="button" onClick={() => void navigator.clipboard.writeText(id).then(() => setCopied(true))}>
        {copied ? t`Copied` : t`Copy request id`}
      </button>
    </div>
  );
}
