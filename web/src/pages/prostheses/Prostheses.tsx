import { useLingui } from '@lingui/react/macro';

import { PageHead } from '../../parts/PageHead';

export default function Prostheses() {
  const { t } = useLingui();
  return <PageHead title={t`My prostheses`} />;
}
