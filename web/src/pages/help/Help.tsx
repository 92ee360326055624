// The glossary, the calculation of each number in words and as a formula, and the keyboard.

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
          <Trans>What the terms mean and how every number is calculated.</Trans>
        </p>
      </PageHead>
      <nav aria-label={t`On this page`}>
        <ul className="help-contents">
          <li>
            <a className="button" href="#words">
              <Trans>Terms</Trans>
            </a>
          </li>
          <li>
            <a className="button" href="#numbers">
              <Trans>Numbers</Trans>
            </a>
          </li>
          <li>
            <a className="button" href="#keys">
              <Trans>Keyboard</Trans>
            </a>
          </li>
        </ul>
      </nav>
      <Glossary />
      <Numbers />
      <section className="panel stack" aria-labelledby="keys">
        <h2 id="keys">
          <Trans>Keyboard</Trans>
        </h2>
        <dl className="help-list">
          <div>
            <dt>
              <Trans>Tab</Trans>
            </dt>
            <dd>
              <Trans>Moves from one control to the next. A chart is one stop, and so is a calendar month.</Trans>
            </dd>
          </div>
          <div>
            <dt>
              <Trans>Arrows, Home, End</Trans>
            </dt>
            <dd>
              <Trans>
                Within a chart: to the next or previous hour or day, to the first, to the last. The line below shows the
                values.
              </Trans>
            </dd>
          </div>
          <div>
            <dt>
              <Trans>Page Up, Page Down</Trans>
            </dt>
            <dd>
              <Trans>
                In the charts of a day: to the previous or the next day. In the charts of a period: a week back or
                forward.
              </Trans>
            </dd>
          </div>
          <div>
            <dt>
              <Trans>Escape</Trans>
            </dt>
            <dd>
              <Trans>Leaves the chart.</Trans>
            </dd>
          </div>
        </dl>
        <p>
          <Trans>You never need a keyboard: tapping a column, or the two buttons below a chart, does the same.</Trans>
        </p>
      </section>
    </>
  );
}
