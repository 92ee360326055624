// The two periods in the URL: `/compare?a=2026-11-14..2026-11-20&b=2026-11-21..2026-11-27`, both ends included.

const PERIOD = /^([0-9]{4}-[0-9]{2}-[0-9]{2})\.\.([0-9]{4}-[0-9]{2}-[0-9]{2})$/;

export interface CompareSearch {
  a?: string;
  b?: string;
}

/** Returns both ends of a period; undefined if malformed. The server decides whether such days exist. */
export function parsePeriod(text: unknown): { from: string; to: string } | undefined {
  const [, from, to] = (typeof text === 'string' && PERIOD.exec(text)) || [];
  return from === undefined || to === undefined ? undefined : { from, to };
}

export function writePeriod(from: string, to: string): string {
  return `${from}..${to}`;
}

/** Parses the URL strictly: a malformed period counts as absent. */
export function compareSearch(search: Record<string, unknown>): CompareSearch {
  const side = (key: 'a' | 'b') => {
    const value = search[key];
    return typeof value === 'string' && parsePeriod(value) !== undefined ? { [key]: value } : {};
  };
  return { ...side('a'), ...side('b') };
}
