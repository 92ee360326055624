// The words of the reports, each in a sentence or two.

import { Trans, useLingui } from '@lingui/react/macro';
import type { ReactNode } from 'react';

export function Glossary() {
  const { t } = useLingui();
  return (
    <section className="panel stack" aria-labelledby="words">
      <h2 id="words">
        <Trans>Words</Trans>
      </h2>
      <dl className="help-list">
        <Word name={t`Movement`}>
          <Trans>
            One command that the prosthesis carried out: it opened, closed, turned. Each one is a line in what the chip
            sends.
          </Trans>
        </Word>
        <Word name={t`Hour in use`}>
          <Trans>An hour with at least one movement. It does not say how long the prosthesis was worn.</Trans>
        </Word>
        <Word name={t`No movements recorded`}>
          <Trans>
            The data reach past this hour and hold no movement in it. The prosthesis may have been off, worn without
            moving, or not worn: the chip sends movements only, so nobody can tell which.
          </Trans>
        </Word>
        <Word name={t`Still running`}>
          <Trans>The data end within this hour or day. Its numbers are those so far and will grow.</Trans>
        </Word>
        <Word name={t`Newer than the data`}>
          <Trans>The data do not reach this hour or day yet. Nothing is known of it.</Trans>
        </Word>
        <Word name={t`Before the first data`}>
          <Trans>The first movement of yours came later.</Trans>
        </Word>
        <Word name={t`Response`}>
          <Trans>
            How long the prosthesis took from the signal to the movement, in milliseconds. Less is faster. It often
            grows when the battery is nearly empty.
          </Trans>
        </Word>
        <Word name={t`Battery`}>
          <Trans>
            The charge that the chip reported with a movement, in per cent. Between movements nothing is known.
          </Trans>
        </Word>
        <Word name={t`Error`}>
          <Trans>A movement that the chip marked with an error code. It counts as a movement too.</Trans>
        </Word>
        <Word name={t`Usual`}>
          <Trans>Your own 28 days before the day shown. Nobody is compared with other people.</Trans>
        </Word>
        <Word name={t`Data up to`}>
          <Trans>
            Everything that the chip had sent by this moment is counted. Movements that arrive late are added to their
            own hour.
          </Trans>
        </Word>
        <Word name={t`Zone`}>
          <Trans>
            Whose midnight ends a day. You choose it in the settings; a journey does not change it. On the days when
            clocks change a day has 23 or 25 hours.
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
