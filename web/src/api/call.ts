// Makes every call: to the same origin, with the header that a foreign page cannot send and with the page's session.
// Throws problems.
//
// Orval's generated client and the session calls both end here.

import { pageState } from '../session/owner';
import { known, remember, renewed } from './known';
import { Problem, SessionOver, Unreachable } from './problem';

type SessionEnded = () => void;

let sessionEnded: SessionEnded = () => undefined;

/** Sets the listener for calls that find that no one is signed in any more. */
export function onSessionEnded(listener: SessionEnded): void {
  sessionEnded = listener;
}

/** Makes a call and parses the response by its media type. */
export async function call<T>(url: string, options: RequestInit = {}): Promise<T> {
  const isRead = (options.method ?? 'GET') === 'GET';
  const last = isRead ? known(url) : undefined;
  const headers = new Headers(options.headers);
  if (last !== undefined) {
    headers.set('If-None-Match', last.tag);
  }
  const response = await send(url, { ...options, headers });
  if (response.status === 304 && last !== undefined) {
    return renewed(last, response.headers) as T;
  }
  if (response.status === 204) {
    return undefined as T;
  }
  const type = response.headers.get('content-type') ?? '';
  const body: unknown = type.includes('json') ? await response.json() : await response.text();
  if (isRead) {
    remember(url, response.headers.get('etag'), body);
  }
  return body as T;
}

/** Makes a call; throws if it fails. A response that arrives after the page's session has ended is discarded. */
export async function send(url: string, options: RequestInit = {}): Promise<Response> {
  const headers = new Headers(options.headers);
  headers.set('X-CSRF', '1');
  const { owner } = pageState();
  if (owner !== null) {
    headers.set('X-Session', owner.session);
  }
  let response: Response;
  try {
    response = await fetch(url, { ...options, headers, credentials: 'same-origin', cache: 'no-store' });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') {
      throw error;
    }
    throw new Unreachable(error);
  }
  if (pageState().ended) {
    throw new SessionOver();
  }
  if (!response.ok && response.status !== 304) {
    if (response.status === 401) {
      sessionEnded();
    }
    throw await Problem.of(response);
  }
  return response;
}
