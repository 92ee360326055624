import { useLingui } from '@lingui/react/macro';

import { PageHead } from '../../parts/PageHead';

export default function Compare() {
  const { t } = useLingui();
  return <PageHead title={t`Compare`} />;
}
