import codec from 'amqplib/lib/codec';
import { boundedTable } from './header-bounds';
import { isDeeperThan } from '../input/nesting';

/*
 * Import this first in every program that reads messages. The AMQP client closes its connection if it cannot read a
 * header table, so one message would stop every consumer that receives it, and every tool that reads it later.
 *
 * First: the client makes tables by assignment. Assigning to `__proto__` gives the table another prototype, and with
 * bytes as prototype the next assignment to `length` throws. Without the accessor, `__proto__` is an ordinary name.
 * Node.js has the same as an option, `--disable-proto=delete`.
 */
Reflect.deleteProperty(Object.prototype, '__proto__');

/** Deeper tables are not read: this client and others read and write them by recursion. */
const DEEPEST_TABLE = 16;
const ALL_HEADERS = 'all headers';
const unreadable = new WeakMap<object, readonly string[]>();

/** The names of headers that could not be read, so the table does not have them. */
export function unreadableHeaders(headers: unknown): readonly string[] {
  return (typeof headers === 'object' && headers && unreadable.get(headers)) || [];
}

/*
 * Second: the client reads tables by recursion, so some thousands of levels overflow its stack; and it has no limit for the
 * number of fields. Headers that are too deep, too many or too large are left out. This must run before the client's other
 * files import the function.
 */
const decodeFields = codec.decodeFields.bind(codec);
codec.decodeFields = (bytes) => {
  let table: Record<string, unknown> = {};
  let left: readonly string[] = [ALL_HEADERS];
  try {
    const bounded = boundedTable(bytes);
    table = decodeFields(bounded.bytes);
    const deep = Object.keys(table).filter((name) => isDeeperThan(DEEPEST_TABLE, table[name]));
    for (const name of deep) Reflect.deleteProperty(table, name);
    left = [...deep, ...bounded.leftOut];
  } catch {
    table = {};
  }
  if (left.length > 0) unreadable.set(table, left);
  return table;
};
