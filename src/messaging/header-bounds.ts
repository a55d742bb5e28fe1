import { HEADERS } from './topology';

/** More headers are not read: the work for each would block the event loop. */
const MOST_HEADERS = 128;
/** More bytes are not read: a copy of the message could not keep them. */
const MOST_BYTES = 32 * 1024;
/** Our headers and the broker's are read at any position, once each, up to MOST_BYTES_OF_ONE. */
const ALWAYS_READ = new Set<string>([...Object.values(HEADERS), 'x-death']);
const MOST_BYTES_OF_ONE = 16 * 1024;

export interface BoundedTable {
  /** The fields of a table as received, without those that are too many or too large. */
  readonly bytes: Buffer;
  readonly leftOut: readonly string[];
}

/**
 * Leaves out headers that are too many or too large, before the table is decoded.
 *
 * @param bytes the fields of the table, without the four bytes that say its length (AMQP 0-9-1, 4.2.5.5, and RabbitMQ's
 * own types, https://www.rabbitmq.com/amqp-0-9-1-errata)
 * @throws TypeError, RangeError if the bytes are not a table
 */
export function boundedTable(bytes: Buffer): BoundedTable {
  const kept: Buffer[] = [];
  const leftOut: string[] = [];
  const unread = new Set(ALWAYS_READ);
  let keptBytes = 0;
  let start = 0;
  while (start < bytes.length) {
    const nameEnd = start + 1 + bytes.readUInt8(start);
    const name = bytes.toString('utf8', start + 1, nameEnd);
    const end = endOfValue(bytes, nameEnd);
    const size = end - start;
    const hasRoom = kept.length < MOST_HEADERS && keptBytes + size <= MOST_BYTES;
    if (hasRoom || (unread.has(name) && size <= MOST_BYTES_OF_ONE)) {
      unread.delete(name);
      kept.push(bytes.subarray(start, end));
      keptBytes += size;
    } else leftOut.push(name);
    start = end;
  }
  return leftOut.length === 0 ? { bytes, leftOut } : { bytes: Buffer.concat(kept), leftOut };
}

/** Bytes of a value after the letter of its type. */
const SIZES: Readonly<Record<string, number>> = {
  V: 0,
  t: 1,
  b: 1,
  B: 1,
  s: 2,
  u: 2,
  I: 4,
  i: 4,
  f: 4,
  D: 5,
  T: 8,
  d: 8,
  l: 8,
};
/** Types whose first four bytes say how many follow. */
const LENGTH_PREFIXED = ['S', 'x', 'A', 'F'];

function endOfValue(bytes: Buffer, start: number): number {
  const type = String.fromCharCode(bytes.readUInt8(start));
  const size = LENGTH_PREFIXED.includes(type) ? 4 + bytes.readUInt32BE(start + 1) : SIZES[type];
  if (size === undefined) throw new TypeError(`a header has the unknown type '${type}'`);
  const end = start + 1 + size;
  if (end > bytes.length) throw new RangeError('a header is longer than its table');
  return end;
}
