import '../../../src/messaging/header-tables';
import codec from 'amqplib/lib/codec';
import { unreadableHeaders } from '../../../src/messaging/header-tables';

/** The headers of a message as the client reads them. */
function read(headers: Record<string, unknown>): Record<string, unknown> {
  const buffer = Buffer.alloc(512 * 1024);
  const length = codec.encodeTable(buffer, headers, 0);
  return codec.decodeFields(buffer.subarray(4, length));
}

const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}`, index]));

describe('the headers of a message', () => {
  it('are all read where they are few', () => {
    const table = read({ ...many(120), 'idempotency-key': 'abc' });
    expect(Object.keys(table)).toHaveLength(121);
    expect(unreadableHeaders(table)).toEqual([]);
  });

  it('are read no further than to the 128th, but for the key, ours and those of the broker', () => {
    const last = { 'idempotency-key': 'abc', 'x-attempts': 3, 'x-death': [{ queue: 'q' }] };
    const table = read({ ...many(10_000), ...last });
    expect(Object.keys(table)).toHaveLength(128 + 3);
    expect(table).toMatchObject(last);
    expect(unreadableHeaders(table)).toHaveLength(10_000 - 128);
  });
});
