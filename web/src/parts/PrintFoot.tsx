// What a printed page says at its foot, so that the sheet can be judged years later: zone, days with data, and how new the data were.

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
        Days of the zone {zone}. {days}.
      </Trans>{' '}
      {dataAsOf !== null && <Trans>Data up to {dateTime(dataAsOf)}.</Trans>}
    </p>
  );
}
