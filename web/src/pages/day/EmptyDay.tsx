// A day without numbers, and the reason for it.

import { Trans } from '@lingui/react/macro';

import type { CalendarDay } from '../../api/client';
import { useFormat } from '../../i18n/format';
import { NoDataYet } from './NoDataYet';

export function EmptyDay({ calendar, go }: { calendar: CalendarDay; go: (date: string) => void }) {
  const format = useFormat();
  if (calendar.first_date_with_data === null) {
    return <NoDataYet />;
  }
  const first = format.date(calendar.first_date_with_data, 'long');
  return (
    <div className="panel stack day-empty">
      {calendar.state === 'newer_than_data' ? (
        <>
          <h2>
            <Trans>The data do not cover this day yet</Trans>
          </h2>
          <p>
            <Trans>Numbers appear here once the day has begun and the prosthesis has sent them.</Trans>
          </p>
        </>
      ) : calendar.state === 'before_first_data' ? (
        <>
          <h2>
            <Trans>This day is before your first data</Trans>
          </h2>
          <p>
            <Trans>Your reports begin on {first}.</Trans>
          </p>
        </>
      ) : calendar.state === 'running' ? (
        <>
          <h2>
            <Trans>No movements recorded so far</Trans>
          </h2>
          <p>
            <Trans>The day is not over yet. Movements appear here a few minutes after they are made.</Trans>
          </p>
        </>
      ) : (
        <>
          <h2>
            <Trans>No movements recorded</Trans>
          </h2>
          <p>
            <Trans>
              The data cover this day and contain no movements. They cannot show whether the prosthesis was not used or
              did not send anything. If it was used and sends its data later, the day fills in automatically.
            </Trans>
          </p>
        </>
      )}
      <Neighbours calendar={calendar} go={go} />
    </div>
  );
}

function Neighbours({ calendar, go }: { calendar: CalendarDay; go: (date: string) => void }) {
  const format = useFormat();
  const before = calendar.previous_date_with_data;
  const after = calendar.next_date_with_data;
  return (
    <div className="day-choose-buttons">
      {before !== null && (
        <button type="button" onClick={() => go(before)}>
          <Trans>Previous day with data: {format.date(before, 'short')}</Trans>
        </button>
      )}
      {after !== null && (
        <button type="button" onClick={() => go(after)}>
          <Trans>Next day with data: {format.date(after, 'short')}</Trans>
        </button>
      )}
    </div>
  );
}
