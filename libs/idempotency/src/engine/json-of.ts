/**
 * What JSON makes of a value: dates become text, methods and `undefined` are dropped from objects and become `null` in
 * arrays. A `bigint` cannot be recorded, so its type is `never`.
 *
 * @example
 * type Replayed = JsonOf<{ at: Date; note: string | undefined; send(): void }>; // { at: string; note?: string }
 */
export type JsonOf<T> = IsAny<T> extends true ? T : T extends void ? null : ValueOf<T>;

type ValueOf<T> = unknown extends T
  ? T
  : T extends { toJSON(...args: never): infer Json }
    ? JsonOf<Json>
    : T extends string | number | boolean | null
      ? T
      : T extends bigint | Dropped
        ? never
        : T extends readonly unknown[]
          ? { [Index in keyof T]: ElementOf<T[Index]> }
          : T extends Empty
            ? Record<string, never>
            : ObjectOf<T>;

type IsAny<T> = 0 extends 1 & T ? true : false;

/** Absent from objects, and `null` in arrays. */
type Dropped =
  undefined | symbol | ((...args: never) => unknown) | (abstract new (...args: never) => unknown);

/** Objects whose content JSON does not see. */
type Empty = ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | RegExp;

type ElementOf<T> = IsAny<T> extends true ? T : T extends Dropped ? null : JsonOf<T>;

type ObjectOf<T> = Flat<
  { [Name in keyof T as NameIf<'kept', T, Name>]: JsonOf<T[Name]> } & {
    [Name in keyof T as NameIf<'optional', T, Name>]?: JsonOf<Exclude<T[Name], Dropped>>;
  }
>;

type NameIf<Presence, T, Name extends keyof T> =
  Presence extends PresenceOf<T[Name]> ? (Name extends symbol ? never : Name) : never;

type PresenceOf<T> = unknown extends T
  ? 'kept'
  : [T] extends [Dropped]
    ? 'dropped'
    : [Extract<T, Dropped>] extends [never]
      ? 'kept'
      : 'optional';

/** One object type instead of an intersection, so that editors show what it has. */
type Flat<T> = { [Name in keyof T]: T[Name] };
