// A day without a number, and which kind of nothing it is.

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
            <Trans>The data do not reach this day yet</Trans>
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
            <Trans>The day is still running. Movements appear here some minutes after they were made.</Trans>
          </p>
        </>
      ) : (
        <>
          <h2>
            <Trans>No movements recorded</Trans>
          </h2>
          <p>
            <Trans>
              The data cover this day and hold no movement. Whether the prosthesis was not used or did not send, they
              cannot tell. If it was used and sends later, the day fills up by itself.
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
          <Trans>Last day with data before: {format.date(before, 'short')}</Trans>
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
