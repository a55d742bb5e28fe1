import codec from 'amqplib/lib/codec';
import { boundedTable } from './header-bounds';
import { isDeeperThan } from '../input/nesting';

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
const unreadable = new WeakMap<object, readonly string[]>();

/** The headers of a message that could not be read, and so are not in its table. */
export function unreadableHeaders(headers: unknown): readonly string[] {
  return (typeof headers === 'object' && headers && unreadable.get(headers)) || [];
}

/*
 * Second: the client reads tables by recursion, and some thousands of levels overflow its stack; and however many fields
 * they have. What is too deep or too much is left out. This must run before the client's other files take the function over.
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
