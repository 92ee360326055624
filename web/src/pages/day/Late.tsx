// Reports once, in a sentence, that a day's numbers have changed since the wearer last viewed it on this device.

import { plural } from '@lingui/core/macro';
import { useLingui } from '@lingui/react/macro';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { useFormat } from '../../i18n/format';
import { useAnnounce } from '../../shell/Announcer';
import { cameSince, isNewer, type Sight, sightKey, sightOf } from './sight';
import type { DayAnswer, DayKey } from './queries';

export interface LateProps {
  day: DayKey;
  answer: DayAnswer;
  /** True if no request is in flight: the numbers on the screen count as seen. */
  settled: boolean;
}

/** Belongs to one visit to one day: use the day as its React key. */
export function Late({ day, answer, settled }: LateProps) {
  const { t } = useLingui();
  const { dateTime } = useFormat();
  const announce = useAnnounce();
  const client = useQueryClient();
  const now = sightOf(answer);
  // The numbers before this visit, or else those first shown in it: a reload reports nothing new.
  const [before, setBefore] = useState(() => client.getQueryData<Sight>(sightKey(day)));
  if (before === undefined && settled && now !== null) {
    setBefore(now);
  }

  useEffect(() => {
    const kept = client.getQueryData<Sight>(sightKey(day));
    if (settled && now !== null && (kept === undefined || isNewer(now, kept))) {
      client.setQueryData<Sight>(sightKey(day), now);
    }
  });

  const came = cameSince(before, now);
  const computed = now === null || now.computedAt === null ? '' : dateTime(now.computedAt);
  const many = Math.abs(came);
  const text =
    came === 0
      ? ''
      : came > 0
        ? t`Updated ${computed}: ${plural(many, { one: '# movement', other: '# movements' })} more than when you last looked at this day.`
        : t`Updated ${computed}: ${plural(many, { one: '# movement', other: '# movements' })} fewer than when you last looked at this day.`;
  useEffect(() => {
    if (text !== '') {
      announce(text);
    }
  }, [announce, text]);

  return text === '' ? null : <p className="day-late">{text}</p>;
}
