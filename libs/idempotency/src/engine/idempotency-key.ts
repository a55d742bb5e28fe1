import { InvalidIdempotencyKeyError, MissingIdempotencyKeyError } from './failure';

/** 1 to 255 visible ASCII characters, which every broker, log, Redis tool and gateway passes on unchanged. */
const KEY = /^[\x21-\x7E]{1,255}$/;

/** Where a request carries its key: a header, a property of the payload, or both (then they must agree). */
export interface KeyLocation {
  /** Name of the header, with the same case as on the wire. */
  readonly header?: string;
  /** Path of a property of the payload, such as `order.id`. Used if the header is absent. */
  readonly property?: string;
}

export const DEFAULT_KEY_LOCATION: KeyLocation = { header: 'idempotency-key' };

/** The parts of a request that may have the key. Both come from outside, so they may have any type and prototype. */
export interface KeyCarrier {
  readonly headers: unknown;
  readonly payload: unknown;
}

/**
 * Reads the idempotency key of a request.
 *
 * @example
 * readKey({ header: 'idempotency-key' }, { headers: message.properties.headers, payload });
 *
 * @throws MissingIdempotencyKeyError if there is none
 * @throws InvalidIdempotencyKeyError if it is not a string of 1 to 255 visible ASCII characters, or there are two that differ
 */
export function readKey(location: KeyLocation, carrier: KeyCarrier): string {
  const header = valid(ownProperty(carrier.headers, location.header), `header '${location.header}'`);
  const property = valid(
    location.property === undefined ? undefined : propertyAt(carrier.payload, location.property),
    `property '${location.property}'`,
  );
  if (header !== undefined && property !== undefined && header !== property) {
    throw new InvalidIdempotencyKeyError(
      `the header '${location.header}' and the property '${location.property}' carry different idempotency keys`,
    );
  }
  const key = header ?? property;
  if (key === undefined) {
    throw new MissingIdempotencyKeyError(`no idempotency key: ${places(location)} is required`);
  }
  return key;
}

/**
 * Checks a key that was read in another way, and returns it.
 *
 * @param place where it was, for the message of the error, such as `header 'Idempotency-Key'`
 * @throws MissingIdempotencyKeyError, InvalidIdempotencyKeyError
 */
export function checkKey(value: unknown, place: string): string {
  const key = valid(value, place);
  if (key === undefined) throw new MissingIdempotencyKeyError(`no idempotency key in the ${place}`);
  return key;
}

/** Whether the value can be an idempotency key: a string of 1 to 255 visible ASCII characters. */
export function isKey(value: unknown): value is string {
  return typeof value === 'string' && KEY.test(value);
}

function valid(value: unknown, place: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') {
    throw new InvalidIdempotencyKeyError(
      `the idempotency key in the ${place} must be a string, not ${typeOf(value)}`,
    );
  }
  if (!KEY.test(value)) {
    throw new InvalidIdempotencyKeyError(
      `the idempotency key in the ${place} must be 1 to 255 visible ASCII characters; it has ${value.length} characters` +
        (value.length >= 1 && value.length <= 255 ? ', some of them not allowed' : ''),
    );
  }
  return value;
}

/** Own properties only: a header table may contain `__proto__`. */
function ownProperty(container: unknown, name: string | undefined): unknown {
  if (name === undefined || typeof container !== 'object' || container === null) return undefined;
  return Object.hasOwn(container, name) ? (container as Record<string, unknown>)[name] : undefined;
}

/** The value at a path such as `order.id`; undefined if the path does not exist. */
export function propertyAt(container: unknown, path: string): unknown {
  return path.split('.').reduce(ownProperty, container);
}

function places({ header, property }: KeyLocation): string {
  return [header && `the header '${header}'`, property && `the property '${property}'`]
    .filter(Boolean)
    .join(' or ');
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Buffer.isBuffer(value)) return 'a buffer';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
