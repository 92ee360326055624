// The terms of the reports, each explained in a sentence or two.

import { Trans, useLingui } from '@lingui/react/macro';
import type { ReactNode } from 'react';

export function Glossary() {
  const { t } = useLingui();
  return (
    <section className="panel stack" aria-labelledby="words">
      <h2 id="words">
        <Trans>Terms</Trans>
      </h2>
      <dl className="help-list">
        <Word name={t`Movement`}>
          <Trans>
            One command that the prosthesis carried out: opening, closing, turning. Each one is a record in the data
            that the chip sends.
          </Trans>
        </Word>
        <Word name={t`Hour in use`}>
          <Trans>An hour with at least one movement. It does not say how long the prosthesis was worn.</Trans>
        </Word>
        <Word name={t`No movements recorded`}>
          <Trans>
            The data extend past this hour and contain no movements in it. The prosthesis may have been off, worn
            without moving, or not worn: the chip sends only movements, so there is no way to tell which.
          </Trans>
        </Word>
        <Word name={t`In progress`}>
          <Trans>The data end within this hour or day. Its numbers show what is known so far and will grow.</Trans>
        </Word>
        <Word name={t`Not covered by the data yet`}>
          <Trans>The data do not extend to this hour or day yet. Nothing is known about it.</Trans>
        </Word>
        <Word name={t`Before the first data`}>
          <Trans>Your first movement came later.</Trans>
        </Word>
        <Word name={t`Response`}>
          <Trans>
            The time that the prosthesis took from the signal to the movement, in milliseconds. Lower is faster. It
            often rises when the battery is nearly empty.
          </Trans>
        </Word>
        <Word name={t`Battery`}>
          <Trans>
            The battery level that the chip reported with a movement, in per cent. Between movements it is unknown.
          </Trans>
        </Word>
        <Word name={t`Error`}>
          <Trans>A movement that the chip marked with an error code. It counts as a movement too.</Trans>
        </Word>
        <Word name={t`Usual`}>
          <Trans>Your own 28 days before the day shown. You are never compared with other people.</Trans>
        </Word>
        <Word name={t`Data up to`}>
          <Trans>
            Everything that the chip had sent by this moment is counted. Movements that arrive late are added to the
            hour in which they were made.
          </Trans>
        </Word>
        <Word name={t`Time zone`}>
          <Trans>
            The time zone whose midnight ends a day. You choose it in the settings; travelling does not change it. On
            days when the clocks change, a day has 23 or 25 hours.
          </Trans>
        </Word>
      </dl>
    </section>
  );
}

function Word({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
