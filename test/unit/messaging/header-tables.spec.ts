import '../../../src/messaging/header-tables';
import fc from 'fast-check';
import codec from 'amqplib/lib/codec';
import { boundedTable } from '../../../src/messaging/header-bounds';
import { unreadableHeaders } from '../../../src/messaging/header-tables';
import { rawHeaders } from '../../support/raw-arbitraries';

/** The headers of a message as the client reads them. */
function read(headers: Record<string, unknown>): Record<string, unknown> {
  const buffer = Buffer.alloc(512 * 1024);
  const length = codec.encodeTable(buffer, headers, 0);
  return codec.decodeFields(buffer.subarray(4, length));
}

const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}`, index]));

describe('the headers of a message', () => {
  it('are all read if they are few', () => {
    const table = read({ ...many(120), 'idempotency-key': 'abc' });
    expect(Object.keys(table)).toHaveLength(121);
    expect(unreadableHeaders(table)).toEqual([]);
  });

  it('are read up to the 128th; the key, ours and those of the broker are always read', () => {
    const last = { 'idempotency-key': 'abc', 'x-attempts': 3, 'x-death': [{ queue: 'q' }] };
    const table = read({ ...many(10_000), ...last });
    expect(Object.keys(table)).toHaveLength(128 + 3);
    expect(table).toMatchObject(last);
    expect(unreadableHeaders(table)).toHaveLength(10_000 - 128);
  });

  it('are read up to the 128th if one of these names is repeated', () => {
    const field = Buffer.concat([Buffer.from('\x0fidempotency-keyt', 'latin1'), Buffer.from([1])]);
    const bounded = boundedTable(Buffer.concat(Array.from({ length: 5_000 }, () => field)));
    expect(bounded.bytes).toHaveLength(128 * field.length);
    expect(bounded.leftOut).toHaveLength(5_000 - 128);
  });

  it('are read up to 32 kB; the key is always read', () => {
    const large = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, 'x'.repeat(15_000)]));
    const table = read({ ...large, 'idempotency-key': 'abc' });
    expect(Object.keys(table)).toEqual(['a', 'b', 'idempotency-key']);
    expect(unreadableHeaders(table)).toEqual(['c', 'd']);
  });

  it('do not include one that is too large, even if the broker uses its name', () => {
    expect(read({ a: 'x'.repeat(30_000), 'x-death': 'x'.repeat(20_000) })).toEqual({ a: 'x'.repeat(30_000) });
  });

  it.each([
    ['an unknown type', Buffer.from('\x01aZ')],
    ['a length beyond its end', Buffer.from('\x01aS\xff\xff\xff\xff', 'latin1')],
    ['an end in the middle of a name', Buffer.from('\x0aab')],
  ])('are empty if the table has %s, and the client continues', (_, bytes) => {
    const table = codec.decodeFields(bytes);
    expect(table).toEqual({});
    expect(unreadableHeaders(table)).toEqual(['all headers']);
  });

  it('are not changed if they are few, whatever they are', () => {
    fc.assert(
      fc.property(rawHeaders, (bytes) => {
        fc.pre(
          bytes.length < 16_000 && !unreadableHeaders(codec.decodeFields(bytes)).includes('all headers'),
        );
        expect(boundedTable(bytes)).toEqual({ bytes, leftOut: [] });
      }),
    );
  });
});
