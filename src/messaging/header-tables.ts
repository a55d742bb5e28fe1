import codec from 'amqplib/lib/codec';
import { HEADERS } from './topology';

/*
 * Import this first in every program that reads messages. The AMQP client ends its connection when it cannot read a
 * header table, so one message would stop every consumer that is offered it, and every tool that looks at it later.
 *
 * First: the client makes tables by assignment. Assigning to `__proto__` gives the table another prototype, and with
 * bytes as prototype the next assignment to `length` throws. Without the accessor `__proto__` is a name like any other.
 * Node.js has the same as an option, `--disable-proto=delete`.
 */
Reflect.deleteProperty(Object.prototype, '__proto__');

/** Deeper tables are not read: the client reads and writes them by recursion, and so do others. */
const DEEPEST_TABLE = 16;
const ALL_HEADERS = 'all headers';
/** More are not read: what is done for each of them would hold up everything else. Ours and the broker's own are few. */
const MOST_HEADERS = 128;
const ALWAYS_READ = new Set<string>([...Object.values(HEADERS), 'x-death']);

const unreadable = new WeakMap<object, readonly string[]>();

/** The headers of a message that could not be read, and so are not in its table. */
export function unreadableHeaders(headers: unknown): readonly string[] {
  return (typeof headers === 'object' && headers && unreadable.get(headers)) || [];
}

/*
 * Second: the client reads tables by recursion, and some thousands of levels overflow its stack. What it cannot read is
 * left out. This must run before the client's other files take the function over.
 */
const decodeFields = codec.decodeFields.bind(codec);
codec.decodeFields = (bytes) => {
  let table: Record<string, unknown> = {};
  let left = [ALL_HEADERS];
  try {
    table = decodeFields(bytes);
    left = leftOutOf(table);
    if (left.length > 0) table = without(left, table);
  } catch {
    table = {};
  }
  if (left.length > 0) unreadable.set(table, left);
  return table;
};

function leftOutOf(table: Record<string, unknown>): string[] {
  const names = Object.keys(table);
  const isExcess = (name: string, position: number) => position >= MOST_HEADERS && !ALWAYS_READ.has(name);
  return names.filter(
    (name, position) => isExcess(name, position) || isDeeperThan(DEEPEST_TABLE, table[name]),
  );
}

function without(names: readonly string[], table: Record<string, unknown>): Record<string, unknown> {
  const left = new Set(names);
  return Object.fromEntries(Object.entries(table).filter(([name]) => !left.has(name)));
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeperThan(levels - 1, member));
}
