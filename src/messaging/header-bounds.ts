import { HEADERS } from './topology';

/** More are not read: what is done for each would hold up everything else. */
const MOST_HEADERS = 128;
/** Nor is more than a copy of the message could keep. */
const MOST_BYTES = 32 * 1024;
/** Ours and the broker's own are read wherever they stand, once each, up to this size. */
const ALWAYS_READ = new Set<string>([...Object.values(HEADERS), 'x-death']);
const MOST_BYTES_OF_ONE = 16 * 1024;

export interface BoundedTable {
  /** The fields of a table as they came, without those that are too many or too large. */
  readonly bytes: Buffer;
  readonly leftOut: readonly string[];
}

/**
 * Leaves out of an encoded header table what is too much, before any of it is decoded.
 *
 * @param bytes the fields of the table, without the four bytes that say its length (AMQP 0-9-1, 4.2.5.5, and RabbitMQ's
 * own types, https://www.rabbitmq.com/amqp-0-9-1-errata)
 * @throws TypeError, RangeError when it is no such table
 */
export function boundedTable(bytes: Buffer): BoundedTable {
  const kept: Buffer[] = [];
  const leftOut: string[] = [];
  const awaited = new Set(ALWAYS_READ);
  let keptBytes = 0;
  let start = 0;
  while (start < bytes.length) {
    const nameEnd = start + 1 + bytes.readUInt8(start);
    const name = bytes.toString('utf8', start + 1, nameEnd);
    const end = endOfValue(bytes, nameEnd);
    const size = end - start;
    const isRoom = kept.length < MOST_HEADERS && keptBytes + size <= MOST_BYTES;
    if (isRoom || (awaited.has(name) && size <= MOST_BYTES_OF_ONE)) {
      awaited.delete(name);
      kept.push(bytes.subarray(start, end));
      keptBytes += size;
    } else leftOut.push(name);
    start = end;
  }
  return leftOut.length === 0 ? { bytes, leftOut } : { bytes: Buffer.concat(kept), leftOut };
}

/** Bytes of a value behind the letter of its type. */
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
/** Of these, four bytes say how many follow. */
const SIZED = ['S', 'x', 'A', 'F'];

function endOfValue(bytes: Buffer, start: number): number {
  const type = String.fromCharCode(bytes.readUInt8(start));
  const size = SIZED.includes(type) ? 4 + bytes.readUInt32BE(start + 1) : SIZES[type];
  if (size === undefined) throw new TypeError(`a header has the unknown type '${type}'`);
  const end = start + 1 + size;
  if (end > bytes.length) throw new RangeError('a header is longer than its table');
  return end;
}
