import fc from 'fast-check';
import { currencyCodes } from '../../src/money/currencies';

/** A valid key. */
export const key = fc.stringMatching(/^[\x21-\x7e]{1,255}$/);
const id = fc
  .string({ minLength: 1, maxLength: 40, unit: 'grapheme-ascii' })
  .filter((text) => !/\d{13}/.test(text));
const currency = fc.constantFrom(...currencyCodes());
const email = fc.constantFrom('customer@example.com', 'a.b+c@sub.example.org', null);
/** Whole units, which are valid in every currency: JSON Schema cannot express the rules of single currencies. */
const amount = fc.integer({ min: 1, max: 9_999 });

/** Valid bodies of payment requests, without a key. */
export const requests = fc.record(
  {
    paymentId: id,
    customerId: id,
    amount,
    currency: fc.oneof(currency, fc.constant(null)),
    paymentMethodId: fc.oneof(id, fc.constant(null)),
    receiptEmail: email,
  },
  { requiredKeys: ['paymentId', 'customerId', 'amount'] },
);

/** Valid bodies of `payment.succeeded`. */
export const events = fc.record(
  {
    paymentId: id,
    idempotencyKey: key,
    chargeId: id,
    amountMinorUnits: fc.integer({ min: 1, max: 999_999_999_999 }),
    currency,
    customerId: id,
    receiptEmail: email,
  },
  {
    requiredKeys: ['paymentId', 'idempotencyKey', 'chargeId', 'amountMinorUnits', 'currency', 'customerId'],
  },
);

/** Arbitrary values for any field, except amounts that are valid only in some currencies. */
export const nonsense = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    null,
    undefined,
    0,
    -1,
    7,
    1e10,
    true,
    [],
    {},
    ['PAY-001'],
    'usd',
    'QQQ',
    'BGN',
  ),
  fc.constantFrom<unknown>(
    'two\nlines',
    'nul\0',
    'x'.repeat(255),
    'x'.repeat(256),
    'ö'.repeat(255),
    '支付-001',
    '😀',
  ),
  fc.constantFrom<unknown>('not an address', '@example.com', 'customer@example.com', 'USD', '99.99'),
  fc
    .jsonValue({ maxDepth: 2 })
    .filter((value) => !/\d{5}|__proto__|@|e[+-]|\.\d/.test(JSON.stringify(value))),
);
