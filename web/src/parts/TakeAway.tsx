// Export of a page: files of exactly what it shows, and printing.

import { Trans, useLingui } from '@lingui/react/macro';
import { useMutation } from '@tanstack/react-query';

import { getExportHoursUrl } from '../api/client';
import { download } from '../api/download';
import { useAnnounce } from '../shell/Announcer';

/** A period as the server names it: `to` is the day after the last one. */
interface Shown {
  from: string;
  to: string;
  timezone: string;
  /** The letter of this period, if the page has several. */
  letter?: string;
}

export function TakeAway({ periods }: { periods: readonly Shown[] }) {
  return (
    <div className="take-away screen-only">
      {periods.map((period) => (
        <SaveCsv key={`${period.letter} ${period.from} ${period.to}`} {...period} />
      ))}
      <button type="button" onClick={() => window.print()}>
        <Trans>Print</Trans>
      </button>
    </div>
  );
}

function SaveCsv({ from, to, timezone, letter }: Shown) {
  const { t } = useLingui();
  const announce = useAnnounce();
  const save = useMutation({
    mutationFn: () => download(getExportHoursUrl({ from, to, tz: timezone }), `bionicpro-${from}.csv`),
    onSuccess: () => announce(t`The file is saved.`),
    onError: () => announce(t`The file could not be saved. Try again in a minute.`),
  });
  return (
    <span className="take-away-file">
      <button type="button" disabled={save.isPending} onClick={() => save.mutate()}>
        {letter === undefined ? t`Save as CSV` : t`Save ${letter} as CSV`}
      </button>
      {save.isError && <Trans>The file could not be saved. Try again in a minute.</Trans>}
    </span>
  );
}
