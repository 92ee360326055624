// How the address names the two periods: `/compare?a=2026-11-14..2026-11-20&b=2026-11-21..2026-11-27`, all days included.

const PERIOD = /^([0-9]{4}-[0-9]{2}-[0-9]{2})\.\.([0-9]{4}-[0-9]{2}-[0-9]{2})$/;

export interface CompareSearch {
  a?: string;
  b?: string;
}

/** Both ends of a period; undefined when it has another shape. The server decides whether there are such days. */
export function parsePeriod(text: unknown): { from: string; to: string } | undefined {
  const [, from, to] = (typeof text === 'string' && PERIOD.exec(text)) || [];
  return from === undefined || to === undefined ? undefined : { from, to };
}

export function writePeriod(from: string, to: string): string {
  return `${from}..${to}`;
}

/** What the address says, read strictly: what is not a period is as good as absent. */
export function compareSearch(search: Record<string, unknown>): CompareSearch {
  const side = (key: 'a' | 'b') => {
    const value = search[key];
    return typeof value === 'string' && parsePeriod(value) !== undefined ? { [key]: value } : {};
  };
  return { ...side('a'), ...side('b') };
}
