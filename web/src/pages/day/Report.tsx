// The report of a day with data, top to bottom.

import type { DayReport } from '../../api/client';
import { Cards } from './Cards';
import { Notes } from './Notes';
import { ProsthesisChoice } from './ProsthesisChoice';
import { Sentence } from './Sentence';

export interface ReportProps {
  report: DayReport;
  /** The day in words. */
  title: string;
  /** Goes to the day before or after. */
  turn: (direction: -1 | 1) => void;
}

export function Report({ report }: ReportProps) {
  const errors = new Map(report.hourly_data.map(({ hour, error_count }) => [hour, error_count]));
  const hours = report.hours.map(({ hour, label }) => ({ name: label, errors: errors.get(hour) ?? null }));
  return (
    <>
      <Sentence report={report} hours={hours} />
      <ProsthesisChoice report={report} />
      <Cards report={report} />
      <Notes report={report} />
    </>
  );
}
