// The buttons of the bottom bar.

import { Trans } from '@lingui/react/macro';

import { Actions } from '../../shell/Actions';

export function StaffActions({ refresh }: { refresh: () => void }) {
  return (
    <Actions>
      <button type="button" className="button-main" onClick={refresh}>
        <Trans>Refresh</Trans>
      </button>
    </Actions>
  );
}
