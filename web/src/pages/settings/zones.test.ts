import { describe, expect, it } from 'vitest';

import { zoneGroups } from './zones';

describe('zones to choose from', () => {
  it('offers regions only', () => {
    const ids = zoneGroups(['Etc/GMT+3', '+03:00', 'UTC']).flatMap(({ zones }) => zones.map(({ id }) => id));
    expect(ids).toContain('Europe/Moscow');
    expect(ids.filter((id) => id.startsWith('Etc/') || !id.includes('/'))).toEqual([]);
  });

  it('keeps the chosen one where the browser does not list it', () => {
    const groups = zoneGroups(['Europe/Nowhere_Else']);
    expect(groups.find(({ region }) => region === 'Europe')?.zones).toContainEqual({
      id: 'Europe/Nowhere_Else',
      city: 'Nowhere Else',
    });
  });
});
