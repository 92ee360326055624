// One prosthesis. An unknown serial number is shown as "not known"; an unknown date of manufacture or end of warranty
// is left out.

import { Trans, useLingui } from '@lingui/react/macro';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import type { ListedProsthesis } from '../../api/client';
import { useFormat } from '../../i18n/format';
import { useZone } from '../../preferences/preferences';
import { freshnessQuery } from '../../shell/freshness';

export function Device({ prosthesis }: { prosthesis: ListedProsthesis }) {
  const { t } = useLingui();
  const { date, dateTime } = useFormat();
  const unknown = <span className="muted">{t`not known`}</span>;
  return (
    <article className="panel device" aria-labelledby={`device-${prosthesis.prosthesis_id}`}>
      <h3 id={`device-${prosthesis.prosthesis_id}`}>{prosthesis.prosthesis_model}</h3>
      <dl className="device-facts">
        <Fact name={t`Serial number`}>
          {prosthesis.serial_last_four === null ? unknown : t`ends in ${prosthesis.serial_last_four}`}
        </Fact>
        <Fact name={t`Chip`}>
          <code>{prosthesis.chip_id}</code>
        </Fact>
        {prosthesis.manufactured_on !== null && (
          <Fact name={t`Manufactured`}>{date(prosthesis.manufactured_on, 'long')}</Fact>
        )}
        {prosthesis.warranty_until !== null && (
          <Fact name={t`Warranty`}>
            <Warranty until={prosthesis.warranty_until} />
          </Fact>
        )}
        <Fact name={t`Yours`}>
          <Owned since={prosthesis.owned_since} until={prosthesis.owned_until} />
        </Fact>
        <Fact name={t`First data`}>
          {prosthesis.first_data_at === null ? t`none yet` : dateTime(prosthesis.first_data_at)}
        </Fact>
        <Fact name={t`Last data`}>
          {prosthesis.last_data_at === null ? t`none yet` : dateTime(prosthesis.last_data_at)}
        </Fact>
      </dl>
      {prosthesis.first_data_at !== null && (
        <Link
          to="/day/$date"
          params={{ date: 'latest' }}
          search={{ prosthesis_id: prosthesis.prosthesis_id }}
          className="button"
        >
          <Trans>Its latest day</Trans>
        </Link>
      )}
    </article>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The server's date decides whether it has ended; ISO dates sort as text. */
function Warranty({ until }: { until: string }) {
  const { date } = useFormat();
  const today = useQuery(freshnessQuery(useZone())).data?.today;
  const day = date(until, 'long');
  return today !== undefined && until < today ? <Trans>ended on {day}</Trans> : <Trans>until {day}</Trans>;
}

function Owned({ since, until }: { since: string | null; until: string | null }) {
  const { dateTime } = useFormat();
  if (since === null) {
    return until === null ? <Trans>since before the records begin</Trans> : <Trans>until {dateTime(until)}</Trans>;
  }
  return until === null ? (
    <Trans>since {dateTime(since)}</Trans>
  ) : (
    <Trans>
      from {dateTime(since)} to {dateTime(until)}
    </Trans>
  );
}
