// What the words mean, and how each number is calculated: in words, and as the formula.

import { Trans, useLingui } from '@lingui/react/macro';

import { PageHead } from '../../parts/PageHead';
import { Glossary } from './Glossary';
import { Numbers } from './Numbers';
import './help.css';

export default function Help() {
  const { t } = useLingui();
  return (
    <>
      <PageHead title={t`Help`}>
        <p className="muted">
          <Trans>What the words mean and how every number is made.</Trans>
        </p>
      </PageHead>
      <nav aria-label={t`On this page`}>
        <ul className="help-contents">
          <li>
            <a className="button" href="#words">
              <Trans>Words</Trans>
            </a>
          </li>
          <li>
            <a className="button" href="#numbers">
              <Trans>Numbers</Trans>
            </a>
          </li>
          <li>
            <a className="button" href="#keys">
              <Trans>Keys</Trans>
            </a>
          </li>
        </ul>
      </nav>
      <Glossary />
      <Numbers />
      <section className="panel stack" aria-labelledby="keys">
        <h2 id="keys">
          <Trans>Keys</Trans>
        </h2>
        <dl className="help-list">
          <div>
            <dt>
              <Trans>Tab</Trans>
            </dt>
            <dd>
              <Trans>From one control to the next. A chart is one stop, a calendar month too.</Trans>
            </dd>
          </div>
          <div>
            <dt>
              <Trans>Arrows, Home, End</Trans>
            </dt>
            <dd>
              <Trans>
                Within a chart: from one hour or day to the next, to the first, to the last. The line below says the
                values.
              </Trans>
            </dd>
          </div>
          <div>
            <dt>
              <Trans>Page Up, Page Down</Trans>
            </dt>
            <dd>
              <Trans>In the charts of a day: the day before, the day after. In the charts of a period: a week.</Trans>
            </dd>
          </div>
          <div>
            <dt>
              <Trans>Escape</Trans>
            </dt>
            <dd>
              <Trans>Leaves a chart.</Trans>
            </dd>
          </div>
        </dl>
        <p>
          <Trans>Nothing needs keys: a tap on a column, or the two buttons below a chart, do the same.</Trans>
        </p>
      </section>
    </>
  );
}
