// The age of the data, on every page: until when they reach, when they arrived, and a banner once they are late.
//
// The age advances by the time since the response, so it is right even if the device's clock is wrong.

import { Trans, useLingui } from '@lingui/react/macro';
import { useQuery } from '@tanstack/react-query';

import type { Freshness as FreshnessAnswer } from '../api/client';
import { useFormat } from '../i18n/format';
import { useOnline } from '../offline/online';
import { Banner } from '../parts/Banner';
import { useNow } from '../parts/useNow';
import { useZone } from '../preferences/preferences';
import { freshnessQuery } from './freshness';

export function Freshness({ offline }: { offline: boolean }) {
  const online = useOnline();
  const { data, dataUpdatedAt, isError } = useQuery(freshnessQuery(useZone()));
  return (
    <div className="freshness">
      {data === undefined ? (
        <p className="freshness-line muted">{isError ? <Trans>The age of the data is unknown.</Trans> : '\u00a0'}</p>
      ) : (
        <Known freshness={data} answeredAt={dataUpdatedAt} />
      )}
      {!online && (
        <Banner tone="info" title={<Trans>No network</Trans>}>
          <Trans>
            You are seeing what you opened earlier on this device. You can make changes once the network is back.
          </Trans>
        </Banner>
      )}
      {online && (offline || isError) && (
        <Banner tone="warn" title={<Trans>The service is not responding</Trans>}>
          <Trans>
            What you have opened stays on the screen. New numbers appear automatically once the service responds.
          </Trans>
        </Banner>
      )}
    </div>
  );
}

function Known({ freshness, answeredAt }: { freshness: FreshnessAnswer; answeredAt: number }) {
  const { t } = useLingui();
  const format = useFormat();
  const zone = useZone();
  const now = useNow(30_000);
  const { data_as_of: asOf, received_at: receivedAt, age_s: ageAtAnswer } = freshness;
  if (asOf === null || ageAtAnswer === null) {
    return (
      <>
        <p className="freshness-line muted">{t`No data have arrived yet.`}</p>
        <Banner tone="info" title={<Trans>The age of the data is unknown</Trans>}>
          <Trans>No data have been loaded yet. Numbers appear here after the first load.</Trans>
        </Banner>
      </>
    );
  }
  const ageS = ageAtAnswer + Math.max(now - answeredAt, 0) / 1000;
  const isToday = freshness.today === freshness.data_date;
  const until = isToday ? format.time(asOf) : format.dateTime(asOf);
  const received = receivedAt === null ? null : isToday ? format.time(receivedAt) : format.dateTime(receivedAt);
  const age = format.age(ageS);
  return (
    <>
      <p className="freshness-line muted numbers">
        {received === null ? (
          <Trans>Data up to {until}</Trans>
        ) : (
          <Trans>
            Data up to {until}, received {received}
          </Trans>
        )}
        <span className="freshness-age">{t`${age} old`}</span>
        <span className="freshness-zone">{zone}</span>
      </p>
      {ageS > freshness.stale_after_s && (
        <Banner tone="warn" title={<Trans>The newest data are {age} old</Trans>}>
          <Trans>
            They usually arrive every {format.age(freshness.schedule_s)}. Everything up to {until} is correct; later
            movements are not here yet.
          </Trans>
        </Banner>
      )}
    </>
  );
}
