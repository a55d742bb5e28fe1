import fc from 'fast-check';

/** Names with a meaning for the service or for JavaScript. */
const SPECIAL_NAMES = [
  ...[
    'idempotency-key',
    'idempotencyKey',
    'paymentId',
    'amount',
    'customerId',
    'currency',
    'paymentMethodId',
  ],
  ...['receiptEmail', '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', ''],
];

const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...SPECIAL_NAMES) },
  fc.string({ maxLength: 20 }),
);

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom(
    'USD',
    'JPY',
    'BGN',
    'XAU',
    'usd',
    '1.15',
    '4242 4242 4242 4242',
    'a\r\nb',
    '\u0000',
    '\u2028',
    ' ',
    '__proto__',
  ),
);

/** Numbers for the parser, including invalid amounts and values that floating point rounds. */
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, 0.1 + 0.2, 1.005, 1e21, 5e-324, 999_999.99, 1_000_000, 2 ** 53, -1, NaN, Infinity),
);

const { anything } = fc.letrec<{ anything: unknown; table: Record<string, unknown> }>((tie) => ({
  anything: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false),
    number,
    text,
    fc.array(tie('anything'), { maxLength: 4 }),
    tie('table'),
  ),
  // With a prototype, and with `__proto__` as an own property, like the tables of the AMQP client.
  table: fc.dictionary(name, tie('anything'), { maxKeys: 6, noNullPrototype: true }),
}));

/** Any JSON value, and also values that a header table can hold but JSON cannot. */
export const hostileValue = anything;

/** A header table, or another value in its place. */
export const hostileHeaders = fc.oneof(
  fc.dictionary(
    name,
    fc.oneof(
      anything,
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    ),
    { noNullPrototype: true },
  ),
  fc.constantFrom<unknown>(undefined, null, 7, 'text'),
);

/** Bytes of a body: noise, JSON, broken JSON, and valid or invalid payments. */
export const hostileBody = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  anything.map((value) => Buffer.from(JSON.stringify(value))),
  fc.json({ maxDepth: 20 }).map((json) => Buffer.from(json)),
  { weight: 4, arbitrary: aPaymentLike().map((payment) => Buffer.from(JSON.stringify(payment))) },
  fc
    .tuple(aPaymentLike(), fc.nat(), text)
    .map(([payment, at, noise]) => spliced(JSON.stringify(payment), at, noise)),
);

/** A payment in which any field may be missing or have any value. */
function aPaymentLike(): fc.Arbitrary<Record<string, unknown>> {
  const field = (good: fc.Arbitrary<unknown>) =>
    fc.option(fc.oneof({ weight: 12, arbitrary: good }, anything), { nil: undefined, freq: 12 });
  const cents = fc.integer({ min: 1, max: 99_999_999 }).map((minorUnits) => Number(`${minorUnits}e-2`));
  return fc
    .record({
      paymentId: field(fc.constantFrom('PAY-001', 'PAY-002')),
      amount: field(fc.oneof({ weight: 3, arbitrary: cents }, number)),
      customerId: field(fc.constant('CUST-001')),
      currency: field(fc.constantFrom('USD', 'JPY', 'KWD', 'ISK', 'IDR')),
      more: fc.option(fc.tuple(name, anything), { nil: undefined, freq: 2 }),
    })
    .map(({ more, ...fields }) => ({ ...fields, ...(more && Object.fromEntries([more])) }));
}

function spliced(json: string, at: number, noise: string): Buffer {
  const position = at % json.length;
  return Buffer.from(json.slice(0, position) + noise + json.slice(position + 1));
}
