// The day in a few words: use, response time and errors.

import { Plural, Select, Trans } from '@lingui/react/macro';

import type { DayReport } from '../../api/client';
import { useFormat } from '../../i18n/format';
import { type ErrorSpan, errorSpan, type HourErrors } from './errorSpan';
import { digitsFor, standing } from './usual';

export function Sentence({ report, hours }: { report: DayReport; hours: readonly HourErrors[] }) {
  return (
    <p className="day-sentence">
      <Use report={report} /> <Response report={report} />{' '}
      <Errors count={report.summary.total_errors} span={errorSpan(hours)} />
    </p>
  );
}

function Use({ report }: { report: DayReport }) {
  const { uptime_hours: hours, total_movements: movements } = report.summary;
  if (report.state === 'running') {
    return (
      <Trans>
        So far you have used the prosthesis in <Plural value={hours} one="# hour" other="# hours" /> of the day and made{' '}
        <Plural value={movements} one="# movement" other="# movements" />.
      </Trans>
    );
  }
  const usual = standing(movements, report.usual?.movements);
  if (usual === null) {
    return (
      <Trans>
        You used the prosthesis in <Plural value={hours} one="# hour" other="# hours" /> of the day and made{' '}
        <Plural value={movements} one="# movement" other="# movements" />.
      </Trans>
    );
  }
  return (
    <Trans>
      You used the prosthesis in <Plural value={hours} one="# hour" other="# hours" /> of the day and made{' '}
      <Plural value={movements} one="# movement" other="# movements" />,{' '}
      <Select value={usual} _above="more than usual" _below="fewer than usual" other="about as usual" />.
    </Trans>
  );
}

function Response({ report }: { report: DayReport }) {
  const format = useFormat();
  const value = report.summary.avg_response_time_ms;
  if (value === null) {
    return <Trans>Response time is not known.</Trans>;
  }
  const band = report.usual?.avg_response_time_ms;
  const digits = digitsFor(band);
  const response = format.unit(value, 'ms', digits);
  if (!band) {
    return <Trans>Response {response}.</Trans>;
  }
  const low = format.number(band.low, digits);
  const high = format.number(band.high, digits);
  return (
    <Trans>
      Response {response}, usual range {low} to {high}.
    </Trans>
  );
}

function Errors({ count, span }: { count: number; span: ErrorSpan }) {
  switch (span.kind) {
    case 'none':
      return <Trans>No errors.</Trans>;
    case 'within':
      return count === 1 ? (
        <Trans>
          1 error, between {span.from} and {span.until}.
        </Trans>
      ) : (
        <Trans>
          <Plural value={count} one="# error" other="# errors" />, all between {span.from} and {span.until}.
        </Trans>
      );
    case 'mostly':
      return (
        <Trans>
          <Plural value={count} one="# error" other="# errors" />, most of them between {span.from} and {span.until}.
        </Trans>
      );
    case 'spread':
      return (
        <Trans>
          <Plural value={count} one="# error" other="# errors" />, spread over{' '}
          <Plural value={span.hours} one="# hour" other="# hours" />.
        </Trans>
      );
  }
}
