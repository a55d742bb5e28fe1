/** Returns the value with only its expected fields; throws if it does not have the expected type. */
export type Read<T> = (value: unknown) => T;

type Fields<T> = { readonly [Name in keyof T]-?: Read<T[Name]> };

/** A value from outside does not have the expected type. */
class UnexpectedValueError extends Error {
  override readonly name = 'UnexpectedValueError';
}

/** At most `longest` UTF-16 code units. */
export const text = (longest: number): Read<string> =>
  checked((value): value is string => typeof value === 'string' && value.length <= longest);

/** From 0 to `largest`. JSON has no Infinity, but 1e999 becomes Infinity. */
export const number = (largest: number): Read<number> =>
  checked((value): value is number => typeof value === 'number' && value >= 0 && value <= largest);

export const whole = (largest: number): Read<number> => {
  const inRange = number(largest);
  return checked((value): value is number => Number.isInteger(inRange(value)));
};

export const oneOf = <T extends string>(...known: readonly T[]): Read<T> =>
  checked((value): value is T => known.some((one) => one === value));

export const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value) =>
    value === undefined ? undefined : read(value);

export const list =
  <T>(read: Read<T>, most: number): Read<readonly T[]> =>
  (value) => {
    if (!Array.isArray(value) || value.length > most) throw new UnexpectedValueError();
    return value.map((one) => read(one));
  };

/** An object with only these fields. */
export const object =
  <T extends object>(fields: Fields<T>): Read<T> =>
  (value) => {
    const given = record(value);
    const read: Partial<T> = {};
    for (const name in fields) {
      const field = fields[name](Object.hasOwn(given, name) ? given[name] : undefined);
      if (field !== undefined) read[name] = field;
    }
    return read as T;
  };

/** One of several kinds of object, distinguished by their `kind`. */
export const byKind =
  <T extends { readonly kind: string }>(kinds: {
    readonly [Kind in T['kind']]: Read<Extract<T, { readonly kind: Kind }>>;
  }): Read<T> =>
  (value) => {
    const { kind } = record(value);
    if (typeof kind !== 'string' || !isOwn(kinds, kind)) throw new UnexpectedValueError();
    return kinds[kind](value);
  };

export function checked<T>(isExpected: (value: unknown) => value is T): Read<T> {
  return (value) => {
    if (isExpected(value)) return value;
    throw new UnexpectedValueError();
  };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new UnexpectedValueError();
  return value as Readonly<Record<string, unknown>>;
}

function isOwn<T extends object>(kinds: T, kind: string): kind is keyof T & string {
  return Object.hasOwn(kinds, kind);
}
