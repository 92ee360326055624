import { useLingui } from '@lingui/react/macro';

import { PageHead } from '../../parts/PageHead';

export default function Trends() {
  const { t } = useLingui();
  return <PageHead title={t`Trends`} />;
}
