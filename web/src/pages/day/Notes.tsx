// Under the numbers: what they are of, when they were computed, and the same as a file.

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
          {report.prosthesis_model}, chip {report.chip_id}. Days of {tz}. Computed {computed}. “No movements recorded”
          says only that: whether the prosthesis was not used or did not send, the data cannot tell.
        </Trans>
      </p>
      {hours !== 24 && (
        <p>
          <Trans>Clocks change on this day: it has {hours} hours.</Trans>
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
