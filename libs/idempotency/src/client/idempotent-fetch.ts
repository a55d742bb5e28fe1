import { checkedLimits, type RepeatLimits } from './limits';
import { operationKey } from './operation-key';
import { REAL_TIMING, repeatOperation, type Attempted, type Timing } from './repeat';
import { retryAfterMs } from './retry-after';

/** Settings of {@link createIdempotentFetch}. Default limits: 6 attempts of 15 s each, 60 s together. */
export interface IdempotentFetchSettings extends RepeatLimits {
  /** What sends a request, such as a fetch() of your own. Default: the global fetch(). */
  readonly fetch?: (input: string | Request, init: RequestInit) => Promise<Response>;
}

/** What fetch() takes, and the key of the operation. */
export interface IdempotentRequestInit extends RequestInit {
  /** A key that was stored with the operation before it was sent. Default: a new UUID (version 4) for each call. */
  readonly idempotencyKey?: string;
}

/** What fetch() returns, and the key that the operation was sent with. */
export interface IdempotentResponse extends Response {
  readonly idempotencyKey: string;
}

/** fetch(), for one operation a call. */
export type IdempotentFetch = (
  input: string | URL | Request,
  init?: IdempotentRequestInit,
) => Promise<IdempotentResponse>;

const DEFAULT_LIMITS = { maxAttempts: 6, attemptTimeoutMs: 15_000, maxTotalMs: 60_000 };

/**
 * Makes a fetch() whose every call is one operation: it makes one `Idempotency-Key`, or takes the caller's, and repeats the
 * request with this key while its outcome is not known. Works wherever there is a global fetch().
 *
 * Repeated: no answer (network errors, time-outs), 408, 409, 429, 502, 503 and 504, with exponential backoff and full jitter,
 * and not before `Retry-After`. Everything else is the answer. When the limits are reached, the last answer is returned.
 *
 * The function throws
 * - `OutcomeUnknownError`, with the key, when the last attempt had no answer, or the caller's signal aborts the call
 * - `TypeError`, before anything is sent, for a body that can be sent only once, a wrong key or a wrong argument of fetch()
 *
 * @throws RangeError for limits that are not whole numbers
 *
 * @example
 * const send = createIdempotentFetch({ maxTotalMs: 30_000 });
 * const answer = await send('https://shop.example/orders', {
 *   method: 'POST',
 *   headers: { 'content-type': 'application/json' },
 *   body: JSON.stringify(order),
 *   idempotencyKey: order.key,
 * });
 */
export function createIdempotentFetch(settings: IdempotentFetchSettings = {}): IdempotentFetch {
  return idempotentFetchWith(REAL_TIMING, settings);
}

export function idempotentFetchWith(timing: Timing, settings: IdempotentFetchSettings = {}): IdempotentFetch {
  const limits = checkedLimits(settings, DEFAULT_LIMITS);
  return async (input, init = {}) => {
    const { idempotencyKey, signal, request } = prepared(input, init);
    const isRepeated = repeatRule();
    const attempt = async (attemptSignal: AbortSignal): Promise<Attempted<Response>> => {
      const [target, sent] = await request();
      const send = settings.fetch ?? globalThis.fetch;
      let answer: Response;
      try {
        answer = await send(target, { ...sent, signal: attemptSignal });
      } catch (cause) {
        return { kind: 'no-answer', cause };
      }
      const waitMs = retryAfterMs(answer.headers);
      return isRepeated(answer.status, waitMs !== undefined)
        ? { kind: 'repeat', value: answer, notBeforeMs: waitMs ?? 0, discard: () => discard(answer) }
        : { kind: 'done', value: answer };
    };
    const answer = await repeatOperation({ idempotencyKey, signal, attempt }, limits, timing);
    return Object.assign(answer, { idempotencyKey });
  };
}

/**
 * A 409 says "in progress" with `Retry-After`. Without it, it is either an answer (all attempts at the key have failed; a
 * conflict that the application found), or from a server that does not say when to repeat: it is believed the third time.
 */
const MOST_UNEXPLAINED_CONFLICTS = 2;

/** Whether an answer is repeated; one rule for one operation. */
function repeatRule(): (status: number, hasRetryAfter: boolean) => boolean {
  let unexplainedConflicts = 0;
  return (status, hasRetryAfter) => {
    switch (status) {
      case 408: // The server, or a time-out around the handler, ended the request; not the work.
      case 429: // Too many requests: this one was not looked at.
      case 502: // A proxy had no answer of the server: it may have done the operation.
      case 503: // Our servers: the outcome is not known. Others: not now.
      case 504: // As 502.
        return true;
      case 409:
        return hasRetryAfter || ++unexplainedConflicts <= MOST_UNEXPLAINED_CONFLICTS;
      default:
        // 500 among them: the handler ran and failed, which the caller must hear of.
        return false;
    }
  };
}

/** Frees the connection of an answer that nobody reads. */
function discard({ body }: Response): void {
  body?.cancel().catch(() => undefined);
}

interface Prepared {
  readonly idempotencyKey: string;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  /** The arguments of fetch() for each attempt; rejects with a TypeError if fetch() takes no such arguments. */
  readonly request: () => Promise<readonly [input: string | Request, init: RequestInit]>;
}

/**
 * The same request for all attempts, to the byte: what the caller changes later in its objects is not sent under this key.
 *
 * @throws TypeError
 */
function prepared(
  input: string | URL | Request,
  { idempotencyKey: option, ...init }: IdempotentRequestInit,
): Prepared {
  const given = input instanceof Request ? input : undefined;
  const headers = new Headers(init.headers ?? given?.headers);
  const idempotencyKey = operationKey({ option, header: headers.get('idempotency-key') ?? undefined });
  headers.set('Idempotency-Key', idempotencyKey);
  const signal = (init.signal === undefined ? given?.signal : init.signal) ?? undefined;
  const target = input instanceof URL ? input.href : input;
  const reading = given && (init.body ?? null) === null ? bodyOf(given) : encoded(init.body, headers);
  // Whoever calls request() gets the error; nobody may, when the caller's signal is aborted already.
  reading.catch(() => undefined);
  const request = async () => {
    const body = await reading;
    const sent: RequestInit = { ...init, headers, ...(body && { body }) };
    // fetch() throws TypeErrors both for wrong arguments and for network errors; this throws only for wrong arguments.
    new Request(target, { ...sent, signal: null });
    return [target, sent] as const;
  };
  return { idempotencyKey, signal, request };
}

/**
 * The bytes of a body, with their type in the headers unless the caller has set one. A Blob, because fetch() of Node.js 20
 * cannot send an ArrayBuffer again after a redirect.
 */
async function encoded(body: RequestInit['body'], headers: Headers): Promise<Blob | undefined> {
  if (body === undefined || body === null) return undefined;
  if (isStream(body)) {
    throw new TypeError(
      'a stream can be sent only once, so the request could not be repeated; pass a string, ArrayBuffer, typed array, ' +
        'Blob, FormData or URLSearchParams, such as: await new Response(stream).arrayBuffer()',
    );
  }
  // Encodes it as fetch() would, now: a FormData gets one boundary for all attempts.
  const answer = new Response(body);
  const type = answer.headers.get('content-type');
  if (type !== null && !headers.has('content-type')) headers.set('content-type', type);
  return answer.blob();
}

/** Reads it from a request, which is used afterwards, as after fetch(). */
async function bodyOf(request: Request): Promise<Blob | undefined> {
  if (['GET', 'HEAD'].includes(request.method)) return undefined;
  const bytes = await request.blob();
  // Without a body there is nothing to read, and the request is not used.
  return request.bodyUsed ? bytes : undefined;
}

function isStream(body: object | string): boolean {
  return typeof body === 'object' && ('getReader' in body || Symbol.asyncIterator in body);
}
