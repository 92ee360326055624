// How every call is made: same origin, the header that a foreign page cannot send, the session that the page is of, problems thrown.
//
// Orval's generated client and the session calls both end here.

import { pageState } from '../session/owner';
import { Problem, SessionOver, Unreachable } from './problem';

type SessionEnded = () => void;

let sessionEnded: SessionEnded = () => undefined;

/** Names who is told when a call finds that nobody is signed in any more. */
export function onSessionEnded(listener: SessionEnded): void {
  sessionEnded = listener;
}

/** Makes a call and reads its answer by its media type. */
export async function call<T>(url: string, options: RequestInit = {}): Promise<T> {
  const response = await send(url, options);
  if (response.status === 204) {
    return undefined as T;
  }
  const type = response.headers.get('content-type') ?? '';
  return (type.includes('json') ? await response.json() : await response.text()) as T;
}

/** Makes a call; throws what went wrong. An answer that comes after the end of the page's session is none. */
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
  if (!response.ok) {
    if (response.status === 401) {
      sessionEnded();
    }
    throw await Problem.of(response);
  }
  return response;
}
