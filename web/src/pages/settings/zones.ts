// The selectable zones: regions as the IANA database names them. The service decides which of them it accepts.

export interface ZoneGroup {
  region: string;
  zones: { id: string; city: string }[];
}

/** Returns the device's zone; undefined if it is not named after a region. */
export function deviceZone(): string | undefined {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return isRegion(timeZone) || timeZone === 'UTC' ? timeZone : undefined;
}

/** Returns all zones by region, including those in `also` that the browser does not list. */
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

/** Excludes fixed offsets: "Etc/GMT+3" is UTC−3 but reads as its opposite, and offsets have no daylight saving. */
function isRegion(zone: string): boolean {
  return zone.includes('/') && !zone.startsWith('Etc/');
}
