import { isName } from '../engine/engine.options';
import { MissingIdempotencyKeyError } from '../engine/failure';
import { fingerprintOf } from '../engine/fingerprint';
import type { HandlerKind, IncomingRequest } from './handler-kind';
import { checkKey, DEFAULT_KEY_LOCATION, propertyAt, readKey } from '../engine/idempotency-key';
import {
  isKeyReader,
  type AttemptPolicy,
  type IdempotentOptions,
  type KeyReader,
} from './idempotency.options';
import type { RunRequest } from '../engine/run-request';

/**
 * The key of a request; undefined if it has none and the handler also runs without one. `keys` is the provider in the
 * option `key`, if there is one.
 *
 * @throws MissingIdempotencyKeyError, InvalidIdempotencyKeyError, or what the handler's own function throws
 */
export async function keyOf(
  incoming: IncomingRequest,
  { key, whenKeyMissing }: IdempotentOptions,
  keys?: KeyReader,
): Promise<string | undefined> {
  try {
    if (keys) return checkKey(await keys.keyOf(incoming), "result of the handler's key provider");
    if (typeof key === 'function' && !isKeyReader(key))
      return checkKey(await key(incoming), "result of the handler's key function");
    if (isKeyReader(key)) throw new Error('the provider of the key is not resolved');
    return readKey(key ?? DEFAULT_KEY_LOCATION, incoming);
  } catch (error) {
    if (whenKeyMissing === 'process' && error instanceof MissingIdempotencyKeyError) return undefined;
    throw error;
  }
}

/** The run request for a handler's options, once key and payload are known to be valid. */
export function runRequestOf(read: {
  key: string;
  payload: unknown;
  incoming: IncomingRequest;
  options: IdempotentOptions;
  kind: HandlerKind;
  attempts?: AttemptPolicy | undefined;
}): RunRequest {
  const { key, payload, incoming, options, kind, attempts } = read;
  const { ttlSeconds, leaseMs, maxWorkMs, rememberResult, rememberError, whenInProgress } = options;
  return {
    scope: scopeOf(incoming, options),
    key,
    uncounted: attempts?.isUncounted
      ? (error) => attempts.isUncounted?.(incoming.source, error) ?? false
      : (options.uncounted ?? kind.uncounted),
    fingerprint:
      options.fingerprint === false ? undefined : fingerprintOf(identityOf(payload, options.fingerprint)),
    requestedAt: incoming.requestedAt,
    ttlSeconds,
    leaseMs,
    maxWorkMs,
    rememberResult,
    rememberError,
    inProgressWaitMs: typeof whenInProgress === 'object' ? whenInProgress.waitMs : undefined,
    ...(attempts && {
      maxAttempts: attempts.maxAttempts(incoming.source),
      forgivenAttempts: attempts.forgivenAttempts?.(incoming.source),
      backoffMs: (failed) => attempts.backoffMs(incoming.source, failed),
      waitingSince: () => attempts.waitingSince(incoming.source),
    }),
  };
}

function scopeOf(incoming: IncomingRequest, { scope, tenant }: IdempotentOptions): string {
  if (!tenant) return scope;
  const name = tenant(incoming);
  if (!isName(name))
    throw new Error(`the tenant of a request in scope '${scope}' must follow the rules of a scope`);
  // Neither can contain a space, so two different pairs never give the same text.
  return `${name} ${scope}`;
}

function identityOf(payload: unknown, fingerprint: IdempotentOptions['fingerprint']): unknown {
  if (typeof fingerprint === 'function') return fingerprint(payload);
  if (typeof fingerprint !== 'object') return payload;
  return fingerprint.map((path) => [path, propertyAt(payload, path)]);
}
