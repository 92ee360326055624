// The errors of a call: a problem from the server (RFC 9457), or a failure in the browser if there was no response.

/** The members of a problem that the app uses. */
interface ProblemBody {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  request_id?: string;
}

/** A call that the server answered with an error. `detail` is for the reader, `requestId` for support. */
export class Problem extends Error {
  readonly status: number;
  readonly slug: string;
  readonly detail: string;
  readonly requestId: string | null;
  readonly retryAfterS: number | null;

  constructor(status: number, body: ProblemBody, headers: Headers) {
    super(body.title ?? `status ${status}`);
    this.name = 'Problem';
    this.status = status;
    this.slug = (body.type ?? '').split('/').pop() ?? '';
    this.detail = body.detail ?? '';
    this.requestId = body.request_id ?? headers.get('x-request-id');
    const retryAfter = Number(headers.get('retry-after'));
    this.retryAfterS = Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null;
  }

  /** Reads the problem from a response; a response without one (a proxy's page) still becomes a problem. */
  static async of(response: Response): Promise<Problem> {
    const body: unknown = await response.json().catch(() => ({}));
    return new Problem(response.status, isBody(body) ? body : {}, response.headers);
  }
}

/** A call without a response: no network, or the server is unreachable. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('no answer', { cause });
    this.name = 'Unreachable';
  }
}

/** A call of a page whose session is over: there was no response, or it is not shown any more. */
export class SessionOver extends Error {
  constructor() {
    super('the session of this page is over');
    this.name = 'SessionOver';
  }
}

/** Returns true if the same call may succeed when retried. */
export function isPassing(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Problem && error.status >= 500);
}

export function hasStatus(error: unknown, status: number): error is Problem {
  return error instanceof Problem && error.status === status;
}

function isBody(value: unknown): value is ProblemBody {
  return typeof value === 'object' && value !== null;
}
