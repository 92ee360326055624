// The comparison itself: the periods, one sentence, and the bars.

import { Plural, Trans, useLingui } from '@lingui/react/macro';

import type { Comparison, DaysReport } from '../../api/client';
import { PairedBars } from '../../charts';
import { usePeriod } from '../../i18n/period';
import { useDifferenceWords } from './difference-words';

interface ResultProps {
  data: Comparison;
  a: DaysReport;
  b: DaysReport;
}

export function Result({ data, a, b }: ResultProps) {
  const { t } = useLingui();
  const period = usePeriod();
  const words = useDifferenceWords();
  const periods = { a: period(a.from, a.through), b: period(b.from, b.through) };
  return (
    <section className="panel compare-result">
      <p className="compare-sentence">{words.sentence(data.differences)}</p>
      <dl className="compare-periods">
        <Side letter="A" period={periods.a} days={a} />
        <Side letter="B" period={periods.b} days={b} />
      </dl>
      <PairedBars
        title={t`A and B by measurement`}
        finding={t`Each measurement has its own scale. “Per day” means per day with data.`}
        periods={periods}
        pairs={data.differences.map((difference) => ({
          key: difference.metric,
          name: words.name(difference.metric),
          a: difference.a,
          b: difference.b,
          written: {
            a: words.value(difference.metric, difference.a),
            b: words.value(difference.metric, difference.b),
            difference: words.change(difference),
          },
        }))}
      />
    </section>
  );
}

function Side({ letter, period, days }: { letter: string; period: string; days: DaysReport }) {
  return (
    <div>
      <dt>{letter}</dt>
      <dd>
        {period}
        <span className="muted">
          {' '}
          (
          <Trans>
            data on {days.days_with_data} of <Plural value={days.days.length} one="# day" other="# days" />
          </Trans>
          )
        </span>
      </dd>
    </div>
  );
}
