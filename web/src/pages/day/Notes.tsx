// The notes below the numbers: prosthesis, zone, time of computation, and the numbers as a file.

import { Trans, useLingui } from '@lingui/react/macro';
import { useMutation } from '@tanstack/react-query';

import { download } from '../../api/download';
import { type DayReport, getExportHoursUrl } from '../../api/client';
import { useFormat } from '../../i18n/format';
import { ProblemPanel } from '../../parts/ProblemPanel';

export function Notes({ report }: { report: DayReport }) {
  const { t } = useLingui();
  const format = useFormat();
  const { date, next_day: nextDay, timezone: tz } = report;
  const save = useMutation({
    mutationFn: (to: string) => download(getExportHoursUrl({ from: date, to, tz }), `bionicpro-${date}.csv`),
  });
  const computed = report.computed_at === null ? '–' : format.dateTime(report.computed_at);
  const hours = report.hours.length;
  return (
    <section className="day-notes stack" aria-label={t`About these numbers`}>
      <p className="muted">
        <Trans>
          {report.prosthesis_model}, chip {report.chip_id}. Days in the time zone {tz}. Calculated {computed}. “No
          movements recorded” means only that: the data cannot show whether the prosthesis was not used or did not send
          anything.
        </Trans>
      </p>
      {hours !== 24 && (
        <p>
          <Trans>The clocks change on this day: it has {hours} hours.</Trans>
        </p>
      )}
      {nextDay !== null && (
        <button type="button" disabled={save.isPending} onClick={() => save.mutate(nextDay)}>
          <Trans>Save this day as CSV</Trans>
        </button>
      )}
      {save.isError && <ProblemPanel error={save.error} retry={() => nextDay !== null && save.mutate(nextDay)} />}
    </section>
  );
}
