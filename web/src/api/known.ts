// The reports that this page has, with the tags that the server gave them: who names the tag is told in a few bytes that it is still right.
//
// The browser's own cache would do the same and leave health data behind; this goes with the page, and with the offline record.

/** An answer with its tag. */
export interface Known {
  tag: string;
  body: object;
}

/** The most answers that are known at once; the oldest go first. */
const MOST = 50;

const answers = new Map<string, Known>();

export function known(url: string): Known | undefined {
  return answers.get(url);
}

/** Remembers an answer that has a tag; another one is not known any more. */
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

/** An answer that is still right, with the moment up to which the data reflect the source now. */
export function renewed({ body }: Known, headers: Headers): object {
  return { ...body, data_as_of: headers.get('data-as-of') };
}

/** Everything that is known, for the offline record. */
export function allKnown(): [string, Known][] {
  return [...answers];
}

export function restoreKnown(entries: [string, Known][]): void {
  for (const [url, { tag, body }] of entries) {
    remember(url, tag, body);
  }
}
