/** Returns the value as what it should be, without anything that nobody asked for; throws where it is something else. */
export type Read<T> = (value: unknown) => T;

type Fields<T> = { readonly [Name in keyof T]-?: Read<T[Name]> };

/** What came from outside is not what it should be. */
class UnexpectedValueError extends Error {
  override readonly name = 'UnexpectedValueError';
}

/** At most so many UTF-16 code units, whatever they are. */
export const text = (longest: number): Read<string> =>
  checked((value): value is string => typeof value === 'string' && value.length <= longest);

/** From zero to this; JSON has neither NaN nor infinity, but 1e999 becomes one. */
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

/** An object with these fields, and with no others. */
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

/** One of several kinds of object, told apart by their `kind`. */
export const byKind =
  <T extends { readonly kind: string }>(kinds: {
    readonly [Kind in T['kind']]: Read<Extract<T, { readonly kind: Kind }>>;
  }): Read<T> =>
  (value) => {
    const { kind } = record(value);
    if (typeof kind !== 'string' || !isOwn(kinds, kind)) throw new UnexpectedValueError();
    return kinds[kind](value);
  };

/** Only what satisfies the condition. */
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
