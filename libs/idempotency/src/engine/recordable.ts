import { messageOf } from './failure';
import { UnrecordableResultError, type ResultPlace } from './work-errors';

/**
 * Refuses a result of which JSON would silently keep nothing useful. Looks at the result itself, not at what it contains:
 * results may be large.
 *
 * @throws UnrecordableResultError
 */
export function requireRecordable(result: unknown, place: ResultPlace): void {
  const kind = kindWithoutJson(result);
  if (kind !== undefined) throw new UnrecordableResultError(place, `it is ${kind}`);
}

/**
 * A result as JSON text; that of `undefined` is `null`.
 *
 * @throws UnrecordableResultError
 */
export function recordableText(result: unknown, place: ResultPlace): string {
  requireRecordable(result, place);
  try {
    return JSON.stringify(result ?? null);
  } catch (cause) {
    throw unrecordable(result, place, cause);
  }
}

/** The error for a result that JSON.stringify refused with the `cause`. */
export function unrecordable(result: unknown, place: ResultPlace, cause: unknown): UnrecordableResultError {
  return new UnrecordableResultError(place, problemOf(result, cause), { cause });
}

/** What is wrong with a value that JSON.stringify refused with the `cause`. */
export function problemOf(value: unknown, cause: unknown): string {
  const property = propertyWithBigInt(value);
  // The message about a cycle has several lines, with its path.
  return property === undefined ? messageOf(cause).replace(/\s+/g, ' ') : `it has a bigint in '${property}'`;
}

/** What a value is of which JSON would keep nothing useful. */
export function kindWithoutJson(result: unknown): string | undefined {
  if (typeof result === 'bigint' || typeof result === 'function' || typeof result === 'symbol')
    return `a ${typeof result}`;
  if (typeof result !== 'object' || result === null) return undefined;
  // A Buffer has toJSON(), too, but an array of numbers is not what the next caller expects.
  if (ArrayBuffer.isView(result) || result instanceof ArrayBuffer || result instanceof Blob)
    return `binary data (${result.constructor.name})`;
  if (hasMethod(result, 'toJSON'))
    return result.toJSON() === undefined ? 'an object whose toJSON() returns undefined' : undefined;
  if (hasMethod(result, 'then')) return 'a promise, which must be awaited before';
  if (isStream(result)) return `a stream (${result.constructor.name})`;
  if (result instanceof Map || result instanceof Set) return `a ${result.constructor.name}`;
  return undefined;
}

/** A stream of Node.js or the web, the `StreamableFile` of NestJS, an observable of RxJS, or an async generator. */
function isStream(value: object): boolean {
  return (
    hasMethod(value, 'pipe') ||
    hasMethod(value, 'getReader') ||
    hasMethod(value, 'getStream') ||
    hasMethod(value, Symbol.asyncIterator)
  );
}

function hasMethod<Name extends string | symbol>(
  value: object,
  name: Name,
): value is Record<Name, () => unknown> {
  return typeof Reflect.get(value, name) === 'function';
}

/** The name of the property with the first `bigint`. Only for a result that was refused, because it visits all of it. */
function propertyWithBigInt(result: unknown): string | undefined {
  let property: string | undefined;
  try {
    JSON.stringify(result, (name, value: unknown) => {
      if (typeof value !== 'bigint') return value;
      property ??= name;
      return null;
    });
  } catch {
    // A cycle, which has a message of its own.
  }
  return property;
}
