// The reports that this page has, with the server's entity tags: a request with a tag is answered in a few bytes if
// the report is still current.
//
// The browser's own cache would do the same but leave health data behind; this is dropped with the page and with the
// offline record.

/** A response body with its entity tag. */
export interface Known {
  tag: string;
  body: object;
}

/** The maximum number of responses kept; the oldest are dropped first. */
const MOST = 50;

const answers = new Map<string, Known>();

export function known(url: string): Known | undefined {
  return answers.get(url);
}

/** Remembers a response that has a tag; forgets the URL if it has none. */
export function remember(url: string, tag: string | null, body: unknown): void {
  answers.delete(url);
  if (tag !== null && typeof body === 'object' && body !== null) {
    answers.set(url, { tag, body });
  }
  const [oldest] = answers.keys();
  if (oldest !== undefined && answers.size > MOST) {
    answers.delete(oldest);
  }
}

/** Returns a response that is still current, with the new "data as of". */
export function renewed({ body }: Known, headers: Headers): object {
  return { ...body, data_as_of: headers.get('data-as-of') };
}

/** Returns all remembered responses, for the offline record. */
export function allKnown(): [string, Known][] {
  return [...answers];
}

export function restoreKnown(entries: [string, Known][]): void {
  for (const [url, { tag, body }] of entries) {
    remember(url, tag, body);
  }
}
