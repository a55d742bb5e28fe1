import { HttpException, HttpStatus, type ExecutionContext } from '@nestjs/common';
import type { HandlerKind } from './handler-kind';
import { problemOf } from './http-problems';

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

  fail(execution, failure, { problemType }) {
    if (failure.kind === 'failed') throw problemOf(failure, { problemType });
    if (failure.replayed) responseOf(execution).header('Idempotent-Replayed', 'true');
    throw failure.error;
  },

  // A client may correct a request that failed validation, and send it again under the same key.
  uncounted: (error) =>
    error instanceof HttpException &&
    [HttpStatus.BAD_REQUEST, HttpStatus.UNPROCESSABLE_ENTITY].includes(error.getStatus()),
};

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
