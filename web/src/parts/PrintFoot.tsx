// The footer of a printed page, so that the sheet can still be interpreted years later: zone, days with data, and the
// age of the data.

import { Trans } from '@lingui/react/macro';
import { plural } from '@lingui/core/macro';

import { useFormat } from '../i18n/format';

interface PrintFootProps {
  zone: string;
  daysWithData: number;
  dataAsOf: string | null;
}

export function PrintFoot({ zone, daysWithData, dataAsOf }: PrintFootProps) {
  const { dateTime } = useFormat();
  const days = plural(daysWithData, { one: '# day with data', other: '# days with data' });
  return (
    <p className="print-only">
      <Trans>
        Days in the time zone {zone}. {days}.
      </Trans>{' '}
      {dataAsOf !== null && <Trans>Data up to {dateTime(dataAsOf)}.</Trans>}
    </p>
  );
}
