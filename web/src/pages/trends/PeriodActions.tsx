// The buttons of the bottom bar: previous and next period.

import { Trans } from '@lingui/react/macro';
import { Link } from '@tanstack/react-router';

import type { DaysReport } from '../../api/client';
import { Actions } from '../../shell/Actions';

export function PeriodActions({ days }: { days: DaysReport | undefined }) {
  return (
    <Actions>
      {days !== undefined && (
        <Link
          to="/trends"
          search={{ from: days.previous.from, to: days.previous.through }}
          className="button button-main"
        >
          <Trans>Earlier</Trans>
        </Link>
      )}
      {days !== undefined && days.next !== null && (
        <Link to="/trends" search={{ from: days.next.from, to: days.next.through }} className="button button-main">
          <Trans>Later</Trans>
        </Link>
      )}
    </Actions>
  );
}
