import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { COMMON_REASONS } from '../../../src/messaging/disposition';
import { RECEIPT_REASONS } from '../../../src/notification/receipt.policy';
import { PAYMENT_REASONS } from '../../../src/payment/payment-reasons';
import { PaymentSucceededPipe } from '../../../src/notification/payment-succeeded.pipe';
import { currencyCodes } from '../../../src/money/currencies';
import { events, nonsense } from '../../support/generated-messages';
import { MessageDocument } from '../../support/message-document';
import type { JsonObject } from '../../support/json';

const document = new MessageDocument();

describe('the AsyncAPI document', () => {
  it('is valid', () => {
    const schema: unknown = JSON.parse(
      readFileSync(require.resolve('@asyncapi/specs/schemas/3.0.0-without-$id.json'), 'utf8'),
    );
    const validate = addFormats(new Ajv({ strict: false })).compile(schema as JsonObject);
    validate(document.content);
    expect(validate.errors).toBeNull();
  });

  it('has a valid example of each message', () => {
    const wrong = document.messages.map(({ name, examples }) => ({
      name,
      count: examples.length,
      problems: examples.flatMap(({ headers, payload }) => document.problemsOf(name, { headers, payload })),
    }));
    expect(wrong.filter(({ count, problems }) => count === 0 || problems.length > 0)).toEqual([]);
  });

  it('lists the same currencies as the code', () => {
    const known = document.at('components', 'schemas', 'currency').enum;
    expect(known).toEqual(currencyCodes());
  });

  it('lists the same dead-letter reasons as the code', () => {
    const { enum: reasons } = document.at(
      'components',
      'schemas',
      'deadLetterHeaders',
      'properties',
      'x-dead-letter-reason',
    );
    const known = [COMMON_REASONS, PAYMENT_REASONS, RECEIPT_REASONS].flatMap(({ deadLetter }) => deadLetter);
    expect([...(reasons as string[])].sort()).toEqual(known.sort());
  });
});

function isReadable(payload: unknown): boolean {
  try {
    new PaymentSucceededPipe().transform(payload);
    return true;
  } catch {
    return false;
  }
}

describe('payment.succeeded in the document and in the code that reads it', () => {
  const isEvent = (payload: unknown) =>
    document.problemsOf('paymentSucceeded', { headers: { 'idempotency-key': 'abc' }, payload }).length === 0;

  it('is accepted by both if it is valid, also with fields of a later version', () => {
    fc.assert(
      fc.property(events, (event) => {
        const later = { ...event, fee: 29 };
        expect([isEvent(later), isReadable(later)]).toEqual([true, true]);
      }),
    );
  });

  it('gets the same verdict from both for any value of one field', () => {
    const fields = ['paymentId', 'chargeId', 'amountMinorUnits', 'currency', 'customerId', 'receiptEmail'];
    fc.assert(
      fc.property(events, fc.constantFrom(...fields), nonsense, (event, field, value) => {
        const payload: unknown = JSON.parse(JSON.stringify({ ...event, [field]: value }));
        expect([field, value, isEvent(payload)]).toEqual([field, value, isReadable(payload)]);
      }),
      { numRuns: 500 },
    );
  });
});
