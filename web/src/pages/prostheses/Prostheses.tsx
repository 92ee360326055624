// The wearer's current and former prostheses, with ownership intervals and warranties.

import { Trans, useLingui } from '@lingui/react/macro';
import { useQuery } from '@tanstack/react-query';

import { prosthesesQuery } from '../../api/prostheses';
import { Answer } from '../../parts/Answer';
import { PageHead } from '../../parts/PageHead';
import { Skeleton } from '../../parts/Skeleton';
import { Device } from './Device';
import './prostheses.css';

export default function Prostheses() {
  const { t } = useLingui();
  const query = useQuery(prosthesesQuery);
  return (
    <>
      <PageHead title={t`My prostheses`} />
      <Answer query={query} skeleton={<Skeleton height="18rem" />}>
        {({ prostheses }) => {
          const current = prostheses.filter((prosthesis) => prosthesis.is_current);
          const former = prostheses.filter((prosthesis) => !prosthesis.is_current);
          return (
            <>
              <h2 className="visually-hidden">
                <Trans>Current prostheses</Trans>
              </h2>
              <div className="devices">
                {current.map((prosthesis) => (
                  <Device key={prosthesis.prosthesis_id} prosthesis={prosthesis} />
                ))}
              </div>
              {former.length > 0 && (
                <section className="stack">
                  <h2>
                    <Trans>Former prostheses</Trans>
                  </h2>
                  <p className="muted">
                    <Trans>Reports show these devices only for the time in which they were yours.</Trans>
                  </p>
                  <div className="devices">
                    {former.map((prosthesis) => (
                      <Device key={prosthesis.prosthesis_id} prosthesis={prosthesis} />
                    ))}
                  </div>
                </section>
              )}
            </>
          );
        }}
      </Answer>
    </>
  );
}
