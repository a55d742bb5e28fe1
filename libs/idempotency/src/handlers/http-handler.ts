import type { CheckedHandler, HandlerKind } from './handler-kind';
import { RequestOverError, respondOverHttp } from './http-exchange';
import { httpRequest } from './http-request';
import { ARGUMENTS_METADATA, METHOD_METADATA, PASSTHROUGH_METADATA, SSE_METADATA } from './nestjs-metadata';
import { isInvalidInput } from './permanent-failures';

/** The types of the parameters `@Res()` and `@Next()`, as NestJS writes them before the colon of their names. */
const ANSWERING_PARAMETERS: readonly string[] = ['1', '2'];

/** HTTP controllers, according to draft-ietf-httpapi-idempotency-key-header-07. */
export const httpHandler: HandlerKind = {
  type: 'http',
  argument: 0,
  isHandler: (method) => Reflect.hasMetadata(METHOD_METADATA, method),
  check: requireReturnedAnswer,
  hasTimestamp: false,
  hasHttpHeaders: true,
  request: httpRequest,
  respond: respondOverHttp,
  // A client may correct a request that failed validation, and send it again under the same key.
  uncounted: (error) => error instanceof RequestOverError || isInvalidInput(error),
};

/** The end of the work must be known: it is when the handler's promise settles, not when something is written. */
function requireReturnedAnswer({ name, type, methodName, method }: CheckedHandler): void {
  if (Reflect.hasMetadata(SSE_METADATA, method))
    throw new Error(
      `@Idempotent() on ${name}: a stream of events (@Sse) cannot be replayed; remove one of them`,
    );
  const parameters: unknown = Reflect.getMetadata(ARGUMENTS_METADATA, type, methodName);
  const answers = Object.keys(parameters ?? {}).some((key) =>
    ANSWERING_PARAMETERS.includes(key.split(':')[0] ?? ''),
  );
  const isPassthrough: unknown = Reflect.getMetadata(PASSTHROUGH_METADATA, type, methodName);
  if (answers && isPassthrough !== true)
    throw new Error(
      `@Idempotent() on ${name}: the handler must return its answer, because its work ends when it returns; ` +
        'write @Res({ passthrough: true }), and do not use @Next()',
    );
}
