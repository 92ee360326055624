// Navigation between days: previous, another, next. Buttons with the day's name, at the bottom.

import { Trans, useLingui } from '@lingui/react/macro';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useRef } from 'react';

import { useFormat } from '../../i18n/format';
import { Actions } from '../../shell/Actions';

export interface DayActionsProps {
  date: string;
  /** The adjacent calendar days; null if there is none to go to, undefined while unknown. */
  previous: string | null | undefined;
  next: string | null | undefined;
  /** Today; undefined while unknown. */
  latest: string | undefined;
  go: (date: string) => void;
}

export function DayActions({ date, previous, next, latest, go }: DayActionsProps) {
  const { t } = useLingui();
  const format = useFormat();
  const navigate = useNavigate();
  const chooser = useRef<HTMLDialogElement>(null);
  const close = () => chooser.current?.close();

  const choose = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const chosen = new FormData(event.currentTarget).get('date');
    close();
    if (typeof chosen === 'string' && chosen !== '') {
      go(chosen);
    }
  };

  return (
    <Actions>
      <Step to={previous} label={t`Previous day`} go={go}>
        <span aria-hidden="true">‹</span> <DayName date={previous} otherwise={t`Previous day`} />
      </Step>
      <button type="button" aria-haspopup="dialog" onClick={() => chooser.current?.showModal()}>
        <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
          <path d="M3 5h14v12H3zM3 9h14M7 2.5V6M13 2.5V6" fill="none" stroke="currentColor" strokeWidth="1.75" />
        </svg>
        <span className="label-wide">
          <Trans>Choose a day</Trans>
        </span>
        <span className="label-narrow" aria-hidden="true">
          {format.date(date, 'day')}
        </span>
      </button>
      <Step to={next} label={t`Next day`} go={go}>
        <DayName date={next} otherwise={t`Next day`} /> <span aria-hidden="true">›</span>
      </Step>
      <dialog ref={chooser} aria-labelledby="choose-day">
        <form className="stack" onSubmit={choose}>
          <h2 id="choose-day">
            <Trans>Choose a day</Trans>
          </h2>
          <label className="day-choose">
            <Trans>Date</Trans>
            <input key={date} type="date" name="date" defaultValue={date} max={latest} required />
          </label>
          <div className="day-choose-buttons">
            <button type="submit" className="button-main">
              <Trans>Show this day</Trans>
            </button>
            <button
              type="button"
              onClick={() => {
                close();
                void navigate({ to: '/' });
              }}
            >
              <Trans>Latest day</Trans>
            </button>
            <button type="button" onClick={close}>
              <Trans>Close</Trans>
            </button>
          </div>
        </form>
      </dialog>
    </Actions>
  );
}

/** The day's name if there is room; on a narrow screen only the arrow is visible. */
function DayName({ date, otherwise }: { date: string | null | undefined; otherwise: string }) {
  const format = useFormat();
  return <span className="label-wide">{date ? format.date(date, 'short') : otherwise}</span>;
}

interface StepProps {
  to: string | null | undefined;
  label: string;
  go: (date: string) => void;
  children: React.ReactNode;
}

/** A button that keeps the focus if there is no further day: it is `aria-disabled` instead of disabled. */
function Step({ to, label, go, children }: StepProps) {
  return (
    <button
      type="button"
      className="day-step"
      title={label}
      aria-disabled={to ? undefined : true}
      onClick={() => (to ? go(to) : undefined)}
    >
      <span className="visually-hidden">{label}: </span>
      {children}
    </button>
  );
}
