import {
  MissingFingerprintPropertyError,
  MissingIdempotencyKeyError,
  MissingTenantError,
} from '../engine/failure';
import { fingerprintOf } from '../engine/fingerprint';
import type { HandlerKind } from './handler-kind';
import type { IncomingRequest } from './incoming-request';
import {
  checkKey,
  DEFAULT_KEY_LOCATION,
  propertyAt,
  readKey,
  type KeyCarrier,
  type KeyLocation,
} from '../engine/idempotency-key';
import { plainKey } from './http-request';
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
  hasHttpHeaders = false,
): Promise<string | undefined> {
  try {
    if (keys) return checkKey(await keys.keyOf(incoming), "result of the handler's key provider");
    if (typeof key === 'function' && !isKeyReader(key))
      return checkKey(await key(incoming), "result of the handler's key function");
    if (isKeyReader(key)) throw new Error('the provider of the key is not resolved');
    const location = key ?? DEFAULT_KEY_LOCATION;
    return readKey(location, hasHttpHeaders ? withPlainHeader(incoming, location) : incoming);
  } catch (error) {
    if (whenKeyMissing === 'process' && error instanceof MissingIdempotencyKeyError) return undefined;
    throw error;
  }
}

/** HTTP: the header's name in any case, its value without quotes. */
function withPlainHeader({ headers, payload }: IncomingRequest, { header }: KeyLocation): KeyCarrier {
  if (header === undefined) return { headers: undefined, payload };
  const value: unknown = Reflect.get(Object(headers), header.toLowerCase());
  return { headers: { [header]: typeof value === 'string' ? plainKey(value) : value }, payload };
}

/** The run request for a handler's options, once key and payload are known to be valid. */
export async function runRequestOf(read: {
  key: string;
  scope: string;
  payload: unknown;
  incoming: IncomingRequest;
  options: IdempotentOptions;
  kind: HandlerKind;
  attempts?: AttemptPolicy | undefined;
}): Promise<RunRequest> {
  const { key, scope, payload, incoming, options, kind, attempts } = read;
  const { ttlSeconds, leaseMs, maxWorkMs, rememberError, whenInProgress, transaction } = options;
  const scopeOfTenant = withTenant(scope, incoming, options);
  const { fingerprint } = options;
  const content = fingerprint === false ? undefined : await contentFor(payload, incoming, fingerprint);
  return {
    scope: scopeOfTenant,
    key,
    uncounted: attempts?.isUncounted
      ? (error) => attempts.isUncounted?.(incoming.source, error) ?? false
      : (options.uncounted ?? kind.uncounted),
    fingerprint: fingerprint === false ? undefined : fingerprintOf(withTarget(incoming, content)),
    requestedAt: incoming.requestedAt,
    ttlSeconds,
    leaseMs,
    maxWorkMs,
    rememberError,
    transaction,
    inProgressWaitMs: typeof whenInProgress === 'object' ? whenInProgress.waitMs : undefined,
    // Set by the call, which copies the request: it has the property, because adding one to a copy is slow.
    rememberResult: undefined,
    maxAttempts: attempts?.maxAttempts(incoming.source),
    forgivenAttempts: attempts?.forgivenAttempts?.(incoming.source),
    backoffMs: attempts && ((failed) => attempts.backoffMs(incoming.source, failed)),
    waitingSince: attempts && (() => attempts.waitingSince(incoming.source)),
  };
}

const LONGEST_TENANT = 255;

/** Neither part can contain a space, so two different pairs never give the same text. */
function withTenant(scope: string, incoming: IncomingRequest, { tenant }: IdempotentOptions): string {
  if (!tenant) return scope;
  // Typed as a string, but it is often read from a request, whose content has any type.
  const name: unknown = tenant(incoming);
  if (typeof name !== 'string' || name === '' || name.length > LONGEST_TENANT || /\p{Surrogate}/u.test(name))
    throw new MissingTenantError(scope);
  return `${encodeURIComponent(name)} ${scope}`;
}

function withTarget({ target }: IncomingRequest, content: unknown): unknown {
  return target === undefined ? content : [target, content];
}

function contentFor(
  payload: unknown,
  incoming: IncomingRequest,
  fingerprint: Exclude<IdempotentOptions['fingerprint'], false>,
): unknown {
  if (typeof fingerprint === 'function') return contentBy(fingerprint, payload, incoming);
  if (fingerprint) return fingerprint.map((path) => namedProperty(payload, path));
  return incoming.attachments ? withAttachments(payload, incoming.attachments()) : payload;
}

async function contentBy(
  fingerprint: Extract<IdempotentOptions['fingerprint'], (...args: never[]) => unknown>,
  payload: unknown,
  incoming: IncomingRequest,
): Promise<unknown> {
  const content: unknown = await fingerprint(payload, incoming);
  if (content === undefined) throw new Error('the function in the option `fingerprint` returned undefined');
  return content;
}

async function withAttachments(payload: unknown, read: Promise<unknown>): Promise<unknown> {
  const attachments = await read;
  return attachments === undefined ? payload : [payload, attachments];
}

/** A path that ends with a question mark may be missing. */
function namedProperty(payload: unknown, path: string): [string, unknown] {
  const isOptional = path.endsWith('?');
  const name = isOptional ? path.slice(0, -1) : path;
  const value = propertyAt(payload, name);
  if (value === undefined && !isOptional) throw new MissingFingerprintPropertyError(name);
  return [name, value];
}
