import { rawBytes, rawDouble, rawFlag, rawList, rawTable, rawText, rawTimestamp } from './raw-amqp';
import type { RawEntries, RawField } from './raw-amqp';

/** Kinds of header tables that a publisher can send but should not. */
export const hostileHeaderKinds = ['marks', 'sizes', 'names', 'shapes'] as const;
export type HostileHeaderKind = (typeof hostileHeaderKinds)[number];

/** Tables that the AMQP client can read; many of them it cannot write. */
export const hostileHeaders: Record<HostileHeaderKind, readonly RawEntries[]> = {
  // The client represents types that JavaScript lacks as a table with the key `!`, which in AMQP is a normal name.
  marks: ['timestamp', 'decimal', 'int64', 'float', 'object', 'array', 'no such type', ''].map((type) => [
    ['x-note', rawTable([['!', rawText(type)]])],
  ]),
  // The client writes all headers into one buffer of 64 kB.
  sizes: [
    [['x-series', rawList(Array.from({ length: 7_100 }, () => rawDouble(0.5)))]],
    [['x-series', rawList(Array.from({ length: 9_000 }, () => rawDouble(1.5)))]],
    [['x-blob', rawBytes(Buffer.alloc(66_000, 7))]],
    Array.from({ length: 1_500 }, (_, at) => [`x-${at}-${'n'.repeat(50)}`, rawFlag(true)] as const),
  ],
  names: [
    ['__proto__', rawTable([['length', rawDouble(1)]])] as const,
    ['__proto__', rawText('text')] as const,
    ['hasOwnProperty', rawText('text')] as const,
    ['constructor', rawTable([['prototype', rawText('text')]])] as const,
    ['toString', rawFlag(false)] as const,
    ['', rawText('a name of no length')] as const,
    ['n'.repeat(255), rawText('a long name')] as const,
    ['é'.repeat(127), rawText('a long name in bytes')] as const,
    ['\u{1f511}'.repeat(63), rawText('four bytes each')] as const,
  ].map((entry) => [entry]),
  shapes: [
    [['x-deep', nested(300)]],
    [['x-inner', rawTable([['hasOwnProperty', rawText('text')]])]],
    [['x-when', rawTimestamp(2n ** 64n - 1n)]],
    [['x-mixed', rawList([rawText('text'), rawTable([['!', rawFlag(true)]]), rawTimestamp(0n)])]],
  ],
};

function nested(levels: number): RawField {
  let field = rawText('deep inside');
  for (let level = 0; level < levels; level++) field = rawTable([['in', field]]);
  return field;
}
