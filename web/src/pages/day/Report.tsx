// The report of a day with data, top to bottom.

import { useState } from 'react';

import type { DayReport } from '../../api/client';
import { HourColumns, HourPanels, hoursOfDay } from '../../charts';
import { Cards } from './Cards';
import { ColumnsFinding, PanelsFinding } from './Findings';
import { Notes } from './Notes';
import { ProsthesisChoice } from './ProsthesisChoice';
import { Sentence } from './Sentence';

export interface ReportProps {
  report: DayReport;
  /** The day in words. */
  title: string;
  /** Goes to the previous or the next day. */
  turn: (direction: -1 | 1) => void;
}

export function Report({ report, title, turn }: ReportProps) {
  // The selection is cleared for another day, but the chart stays mounted and keeps the focus while the reader pages.
  const [chosen, choose] = useState<{ day: string; hour: number | undefined }>();
  const hours = hoursOfDay(report.hours, report.hourly_data);
  const cursor = {
    at: chosen?.day === report.date ? chosen.hour : undefined,
    go: (hour: number | undefined) => choose({ day: report.date, hour }),
  };
  return (
    <>
      <Sentence report={report} hours={hours} />
      <ProsthesisChoice report={report} />
      <Cards report={report} />
      <div className="panel">
        <HourColumns
          finding={<ColumnsFinding hours={hours} />}
          day={title}
          hours={hours}
          cursor={cursor}
          onPage={turn}
        />
      </div>
      <div className="panel">
        <HourPanels
          finding={<PanelsFinding hours={hours} />}
          day={title}
          hours={hours}
          usualResponse={report.usual?.avg_response_time_ms}
          cursor={cursor}
          onPage={turn}
        />
      </div>
      <Notes report={report} />
    </>
  );
}
