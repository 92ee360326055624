import { useLingui } from '@lingui/react/macro';

import { PageHead } from '../../parts/PageHead';

export default function Help() {
  const { t } = useLingui();
  return <PageHead title={t`Help`} />;
}
