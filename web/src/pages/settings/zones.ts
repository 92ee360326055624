// The zones to choose from: regions as the IANA database names them. Which of them can be reported in, the service decides.

export interface ZoneGroup {
  region: string;
  zones: { id: string; city: string }[];
}

/** The zone that this device is set to; undefined where it has none with the name of a region. */
export function deviceZone(): string | undefined {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return isRegion(timeZone) || timeZone === 'UTC' ? timeZone : undefined;
}

/** All zones by region, with those in `also` even where the browser does not list them. */
export function zoneGroups(also: readonly (string | undefined | null)[]): ZoneGroup[] {
  const known = new Set(Intl.supportedValuesOf('timeZone').filter(isRegion));
  for (const zone of also) {
    if (zone !== undefined && zone !== null && isRegion(zone)) {
      known.add(zone);
    }
  }
  const groups = new Map<string, ZoneGroup>();
  for (const id of [...known].toSorted()) {
    const [region = id, ...rest] = id.split('/');
    const group = groups.get(region) ?? { region, zones: [] };
    group.zones.push({ id, city: rest.join(', ').replaceAll('_', ' ') });
    groups.set(region, group);
  }
  return [...groups.values()];
}

/** "Etc/GMT+3" is UTC−3 and reads as its opposite; bare offsets know no summer. */
function isRegion(zone: string): boolean {
  return zone.includes('/') && !zone.startsWith('Etc/');
}
