/** Longer lists of names use the built-in sort; the cost of the one below grows with the square of their length. */
const SHORT_LIST = 16;

/**
 * What JSON.stringify would write, in canonical form (RFC 8785): without white space, the properties of every object in
 * the order of their names' UTF-16 code units. Undefined for what JSON leaves out: undefined, functions, symbols.
 *
 * Every payload goes through this, so it allocates as little as possible.
 *
 * @example
 * canonicalJson({ b: 1, a: [2] }); // '{"a":[2],"b":1}'
 *
 * @throws Error for what JSON cannot hold: NaN, Infinity, a BigInt, a cycle
 */
export function canonicalJson(value: unknown): string | undefined {
  return jsonOf(value, '');
}

/** @param name of the property or place that holds the value */
function jsonOf(value: unknown, name: string | number): string | undefined {
  if (!hasToJson(value)) return jsonOfPlain(value);
  // What its toJSON() gives, but a raw body of 1 MB takes milliseconds, not seconds.
  if (Buffer.isBuffer(value)) return `{"data":[${value.join(',')}],"type":"Buffer"}`;
  return jsonOfPlain(value.toJSON(String(name)));
}

function jsonOfPlain(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      if (!Number.isFinite(value)) throw new Error(`${value} is not JSON`);
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      throw new Error('a BigInt is not JSON');
    case 'object':
      if (value === null) return 'null';
      if (isBoxed(value)) return jsonOfPlain(value.valueOf());
      return Array.isArray(value) ? jsonOfItems(value) : jsonOfProperties(value as Record<string, unknown>);
    default:
      return undefined;
  }
}

/** For example a Date. */
function hasToJson(value: unknown): value is { toJSON(name: string): unknown } {
  return (
    typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function'
  );
}

function isBoxed(value: object): value is { valueOf(): string | number | boolean } {
  return value instanceof Number || value instanceof String || value instanceof Boolean;
}

function jsonOfItems(items: readonly unknown[]): string {
  let text = '[';
  for (let index = 0; index < items.length; index++) {
    if (index > 0) text += ',';
    text += jsonOf(items[index], index) ?? 'null';
  }
  return `${text}]`;
}

function jsonOfProperties(value: Record<string, unknown>): string {
  const names = Object.keys(value);
  let text = '{';
  for (const { name, prefix } of isSameList(names, last.names) ? last.properties : remember(names)) {
    const property = jsonOf(value[name], name);
    if (property === undefined) continue;
    text += text.length > 1 ? `,${prefix}${property}` : `${prefix}${property}`;
  }
  return `${text}}`;
}

/** Longer lists are not kept in memory. */
const MOST_REMEMBERED = 64;

/**
 * The names of the last object, as they were and in order: payloads of one kind, and the items of a list, mostly have the
 * same names as the one before.
 */
let last: { readonly names: readonly string[]; readonly properties: readonly Property[] } = {
  names: [],
  properties: [],
};

interface Property {
  readonly name: string;
  /** What comes before its value. */
  readonly prefix: string;
}

function remember(names: readonly string[]): readonly Property[] {
  const properties = sortInPlace([...names]).map((name) => ({ name, prefix: `${quoted(name)}:` }));
  if (names.length <= MOST_REMEMBERED) last = { names, properties };
  return properties;
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  for (let place = 0; place < one.length; place++) if (one[place] !== other[place]) return false;
  return true;
}

const NEEDS_ESCAPES = /["\\\p{Cc}\p{Cs}]/u;

function quoted(text: string): string {
  return NEEDS_ESCAPES.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function sortInPlace(names: string[]): string[] {
  if (names.length > SHORT_LIST) return names.sort();
  for (let sorted = 1; sorted < names.length; sorted++) {
    const name = names[sorted] ?? '';
    let place = sorted;
    for (let before = names[place - 1]; before !== undefined && before > name; before = names[place - 1]) {
      names[place] = before;
      place--;
    }
    names[place] = name;
  }
  return names;
}
