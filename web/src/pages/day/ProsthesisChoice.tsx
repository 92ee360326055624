// Selects one prosthesis, or all together, on a day with several.

import { Trans } from '@lingui/react/macro';
import { getRouteApi } from '@tanstack/react-router';

import type { DayReport } from '../../api/client';

const route = getRouteApi('/gate/wearers/day/$date');

export function ProsthesisChoice({ report }: { report: DayReport }) {
  const navigate = route.useNavigate();
  const { prosthesis_id: chosen } = route.useSearch();
  if (report.prostheses.length < 2 && chosen === undefined) {
    return null;
  }
  return (
    <label className="day-prosthesis">
      <Trans>Prosthesis</Trans>
      <select
        value={chosen ?? ''}
        onChange={(event) => {
          const id = event.currentTarget.value;
          void navigate({ search: id === '' ? {} : { prosthesis_id: id }, replace: true });
        }}
      >
        <option value="">
          <AllTogether />
        </option>
        {report.prostheses.map(({ prosthesis_id, prosthesis_model, chip_id }) => (
          <option key={prosthesis_id} value={prosthesis_id}>
            {prosthesis_model} · {chip_id}
          </option>
        ))}
      </select>
    </label>
  );
}

function AllTogether() {
  return <Trans>All together</Trans>;
}
