import { HttpException, HttpStatus, type ExecutionContext } from '@nestjs/common';
import { errorOf, messageOf, type Failure } from '../engine/failure';
import type { HandlerKind } from './handler-kind';
import { IdempotencyProblem } from './http-problem';

/** An HTTP response as it is stored in the record. */
interface RecordedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The used parts of a request and a response; the same in Express and Fastify. */
interface HttpRequest {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}
interface HttpResponse {
  statusCode: number;
  status(code: number): unknown;
  getHeader(name: string): unknown;
  header(name: string, value: string): unknown;
}

/** Where NestJS stores the HTTP method of a route. */
const METHOD_METADATA = 'method';

/** HTTP controllers, according to draft-ietf-httpapi-idempotency-key-header-07. */
export const httpHandler: HandlerKind = {
  type: 'http',
  argument: 0,
  isHandler: (method) => Reflect.hasMetadata(METHOD_METADATA, method),
  hasTimestamp: false,

  request(execution) {
    const request = execution.switchToHttp().getRequest<HttpRequest & object>();
    return {
      source: request,
      headers: withPlainKey(request.headers),
      payload: request.body,
      requestedAt: undefined,
    };
  },

  record(execution, returned, replayHeaders): RecordedAnswer {
    const response = responseOf(execution);
    const headers = replayHeaders.map((name) => [name, response.getHeader(name)] as const);
    return {
      status: response.statusCode,
      headers: Object.fromEntries(
        headers.filter((header): header is [string, string] => typeof header[1] === 'string'),
      ),
      body: returned,
    };
  },

  answer(execution, recorded, replayed) {
    const { status, headers, body } = recorded as RecordedAnswer;
    if (replayed) {
      const response = responseOf(execution);
      response.status(status);
      for (const [name, value] of Object.entries(headers)) response.header(name, value);
      response.header('Idempotent-Replayed', 'true');
    }
    return body;
  },

  fail(execution, failure) {
    if (failure.kind === 'failed') throw problemOf(failure);
    if (failure.replayed) responseOf(execution).header('Idempotent-Replayed', 'true');
    throw failure.error;
  },

  // A client may correct a request that failed validation, and send it again under the same key.
  uncounted: (error) =>
    error instanceof HttpException &&
    [HttpStatus.BAD_REQUEST, HttpStatus.UNPROCESSABLE_ENTITY].includes(error.getStatus()),
};

function problemOf(failure: Failure): unknown {
  switch (failure.code) {
    case 'missing-idempotency-key':
      return keyProblem('Idempotency-Key is missing', failure.error);
    case 'invalid-idempotency-key':
      return keyProblem('Idempotency-Key is invalid', failure.error);
    case 'in-progress':
      return new IdempotencyProblem({
        status: HttpStatus.CONFLICT,
        title: 'A request is outstanding for this Idempotency-Key',
        detail: 'A request with the same key is being processed; repeat this one to get its answer.',
        retryAfterSeconds: Math.max(1, Math.ceil(failure.remainingMs / 1000)),
      });
    case 'idempotency-key-reused':
      return new IdempotencyProblem({
        status: HttpStatus.UNPROCESSABLE_ENTITY,
        title: 'Idempotency-Key is already used',
        detail: 'The key was used before with another payload; a new request needs a new key.',
      });
    case 'retries-exhausted':
      return new IdempotencyProblem({
        status: HttpStatus.CONFLICT,
        title: 'All attempts at this Idempotency-Key have failed',
        detail: `There were ${failure.attempts}, and no more are made; whether the request had an effect is not known.`,
      });
    case 'lease-lost':
    case 'store-unavailable':
      return new IdempotencyProblem({
        status: HttpStatus.SERVICE_UNAVAILABLE,
        title: 'The outcome of this request is not known',
        detail: 'Repeat it with the same key to find out.',
        retryAfterSeconds: 1,
      });
    case 'missing-timestamp':
    case 'invalid-request':
    case 'work-failed':
    case 'outside-deduplication-window':
    case 'from-the-future':
      return errorOf(failure);
    default:
      return failure satisfies never;
  }
}

function keyProblem(title: string, error: unknown): IdempotencyProblem {
  return new IdempotencyProblem({ status: HttpStatus.BAD_REQUEST, title, detail: messageOf(error) });
}

function withPlainKey(headers: HttpRequest['headers']): HttpRequest['headers'] {
  const key = headers['idempotency-key'];
  return typeof key === 'string' ? { ...headers, 'idempotency-key': plainKey(key) } : headers;
}

/**
 * The key in the HTTP header `Idempotency-Key`, without quotes. The draft requires a quoted string (RFC 8941), most
 * clients send it without quotes: both mean the same key.
 *
 * @example
 * plainKey('"abc"') === plainKey('abc');
 */
export function plainKey(header: string): string {
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header);
  return quoted?.[1]?.replace(/\\(["\\])/g, '$1') ?? header;
}

function responseOf(execution: ExecutionContext): HttpResponse {
  return execution.switchToHttp().getResponse<HttpResponse>();
}
