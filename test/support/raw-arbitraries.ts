import fc from 'fast-check';
import {
  rawBytes,
  rawDecimal,
  rawDouble,
  rawFields,
  rawFlag,
  rawList,
  rawLong,
  rawNested,
  rawNothing,
  rawTable,
  rawText,
  rawTimestamp,
} from './raw-amqp';
import type { RawField } from './raw-amqp';

/** Names with a meaning for the JavaScript client or for JavaScript. */
const name = fc.oneof(
  fc.constantFrom(
    '!',
    'value',
    'places',
    'digits',
    '__proto__',
    'hasOwnProperty',
    'constructor',
    'length',
    '',
  ),
  fc.string({ maxLength: 20, unit: 'binary' }),
);
const text = fc.oneof(
  fc.constantFrom('timestamp', 'decimal', 'int8', 'float', 'double', 'long', 'string', 'object', 'bogus'),
  fc.string({ maxLength: 40, unit: 'binary' }),
);

const { value } = fc.letrec<{ value: RawField; table: RawField }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(rawNothing),
    fc.boolean().map(rawFlag),
    text.map(rawText),
    fc.uint8Array({ maxLength: 30 }).map((bytes) => rawBytes(Buffer.from(bytes))),
    fc.double().map(rawDouble),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(rawLong),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(rawTimestamp),
    fc
      .tuple(fc.nat({ max: 255 }), fc.nat({ max: 2 ** 32 - 1 }))
      .map(([places, digits]) => rawDecimal(places, digits)),
    fc.array(tie('value'), { maxLength: 5 }).map((values) => rawList(values)),
    fc
      .tuple(fc.double(), fc.nat({ max: 9_000 }))
      .map(([number, count]) => rawList(Array.from({ length: count }, () => rawDouble(number)))),
    fc.nat({ max: 40 }).map(rawNested),
    tie('table'),
  ),
  table: entries(tie('value')).map((all) => rawTable(all)),
}));

function entries(values: fc.Arbitrary<RawField>): fc.Arbitrary<[string, RawField][]> {
  return fc.array(fc.tuple(name, values), { maxLength: 6 });
}

/** The bytes of a header table, without its length: everything AMQP allows, not only what one client can write. */
export const rawHeaders: fc.Arbitrary<Buffer> = entries(value).map(rawFields);
