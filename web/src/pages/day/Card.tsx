// One number of the day, compared with the wearer's own usual days.

import { Select, Trans, useLingui } from '@lingui/react/macro';
import { Link } from '@tanstack/react-router';

import type { UsualBand } from '../../api/client';
import { marks, standing } from './usual';

export interface CardProps {
  name: string;
  /** The glossary entry that explains it. */
  topic: string;
  value: number | null;
  /** The value in words, with its unit. */
  text: string;
  band: UsualBand | null | undefined;
  /** Set if the day is not over: its sums and its battery are not comparable with whole days yet. */
  soFar?: boolean;
  /** Formats a number of the band. */
  write: (value: number) => string;
  /** A second fact under the value. */
  also?: string | undefined;
}

export function Card({ name, topic, value, text, band, soFar = false, write, also }: CardProps) {
  const { t } = useLingui();
  return (
    <li className="day-card">
      <h3 className="day-card-name">{name}</h3>
      <Link to="/help" hash={topic} className="day-card-help" aria-label={t`${name}: what is this?`}>
        <span aria-hidden="true">?</span>
      </Link>
      <p className="day-card-value numbers">{text}</p>
      {also !== undefined && <p className="day-card-also numbers">{also}</p>}
      <div className="day-card-usual">
        <Usual value={value} band={band} soFar={soFar} write={write} />
      </div>
    </li>
  );
}

function Usual({
  value,
  band,
  soFar,
  write,
}: {
  value: number | null;
  band: UsualBand | null | undefined;
  soFar: boolean;
  write: CardProps['write'];
}) {
  if (band === null || band === undefined) {
    return (
      <p className="muted">
        <Trans>Not enough days yet to tell what is usual</Trans>
      </p>
    );
  }
  const low = write(band.low);
  const high = write(band.high);
  const median = write(band.median);
  const stands = soFar ? null : standing(value, band);
  return (
    <>
      {value !== null && !soFar && <BandMark value={value} band={band} />}
      <p>
        {soFar ? (
          <Trans>So far</Trans>
        ) : stands === null ? (
          <Trans>Not known</Trans>
        ) : (
          <Select value={stands} _above="Above your usual" _below="Below your usual" other="As usual" />
        )}
      </p>
      <p className="muted numbers">
        <Trans>
          usually {low} to {high}, median {median}
        </Trans>
      </p>
    </>
  );
}

/** Returns the horizontal position of a mark. */
function x(mark: number): number {
  return 4 + mark * 112;
}

/** The band as a bar, its median as a tick, the day as a dot; the words next to it say the same. */
function BandMark({ value, band }: { value: number; band: UsualBand }) {
  const { low, high, median, value: day } = marks(value, band);
  return (
    <svg className="day-band" viewBox="0 0 120 16" aria-hidden="true">
      <path className="day-band-line" d="M0 8H120" />
      <rect className="day-band-usual" x={x(low)} width={Math.max(x(high) - x(low), 2)} y="4" height="8" rx="2" />
      <path className="day-band-median" d={`M${x(median)} 3V13`} />
      <circle className="day-band-day" cx={x(day)} cy="8" r="5" />
    </svg>
  );
}
