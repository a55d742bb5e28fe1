import fc from 'fast-check';
import { raw, rawEntry } from './raw-amqp';

/** Names that mean something to the client of this language, or to the language. */
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

const { value } = fc.letrec<{ value: Buffer; table: Buffer }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(raw.nothing),
    fc.boolean().map(raw.boolean),
    text.map(raw.text),
    fc.uint8Array({ maxLength: 30 }).map(raw.bytes),
    fc.double().map(raw.double),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(raw.long),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(raw.timestamp),
    fc
      .tuple(fc.nat({ max: 255 }), fc.nat({ max: 2 ** 32 - 1 }))
      .map(([places, digits]) => raw.decimal(places, digits)),
    fc.array(tie('value'), { maxLength: 5 }).map((values) => raw.array(...values)),
    fc
      .tuple(fc.double(), fc.nat({ max: 9_000 }))
      .map(([number, count]) => raw.array(...Array.from({ length: count }, () => raw.double(number)))),
    fc.nat({ max: 40 }).map(raw.nested),
    tie('table'),
  ),
  table: entries(tie('value')).map((all) => raw.table(...all)),
}));

function entries(values: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer[]> {
  return fc.array(
    fc.tuple(name, values).map(([key, one]) => rawEntry(key, one)),
    { maxLength: 6 },
  );
}

/** The bytes of a header table, without its length: all that the wire allows, not what one client can produce. */
export const rawTable: fc.Arbitrary<Buffer> = entries(value).map((all) => Buffer.concat(all));
