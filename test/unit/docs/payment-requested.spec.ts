import fc from 'fast-check';
import { parseEnvironment } from '../../../src/config/parse-environment';
import { readKey } from 'nestjs-idempotent';
import { readBody } from '../../../src/messaging/message-body';
import { PaymentRequestPipe } from '../../../src/payment/payment-request.pipe';
import { key, nonsense, requests } from '../../support/generated-messages';
import type { JsonObject } from '../../support/json';
import { MessageDocument } from '../../support/message-document';

const document = new MessageDocument();
const pipe = new PaymentRequestPipe(
  parseEnvironment({
    RABBITMQ_URL: 'amqp://localhost',
    REDIS_URL: 'redis://localhost',
    STRIPE_API_KEY: 'sk_test_1',
  }),
);

interface Message {
  headers: JsonObject;
  payload: unknown;
}

/** Whether the consumer would charge the message: the same checks in the same order. */
function isTaken({ headers, payload }: Message): boolean {
  try {
    const body = readBody(Buffer.from(JSON.stringify(payload)));
    readKey({ header: 'idempotency-key', property: 'idempotencyKey' }, { headers, payload: body });
    pipe.transform(body);
    return !(body instanceof Error);
  } catch {
    return false;
  }
}

function isDocumented(message: Message): boolean {
  return document.problemsOf('paymentRequested', message).length === 0;
}

const requestFields = [
  'paymentId',
  'customerId',
  'amount',
  'currency',
  'paymentMethodId',
  'gatewayCustomerId',
  'receiptEmail',
];

describe('payment.requested in the document and in the code', () => {
  it('is accepted by the consumer in the form of the examples', () => {
    const examples = document.messages.find(({ name }) => name === 'paymentRequested')?.examples ?? [];
    const refused = examples.filter(
      ({ headers, payload }) => !isTaken({ headers: headers as JsonObject, payload }),
    );
    expect([examples.length, refused]).toEqual([2, []]);
  });

  it('is accepted by both if it is valid', () => {
    fc.assert(
      fc.property(requests, key, fc.boolean(), (body, idempotencyKey, isInHeader) => {
        const message = isInHeader
          ? { headers: { 'idempotency-key': idempotencyKey }, payload: body }
          : { headers: {}, payload: { ...body, idempotencyKey } };
        expect([isDocumented(message), isTaken(message)]).toEqual([true, true]);
      }),
    );
  });

  it('gets the same verdict from both for any value of one field', () => {
    fc.assert(
      fc.property(
        requests,
        key,
        fc.constantFrom(...requestFields, 'more'),
        nonsense,
        (body, header, field, value) => {
          const message = {
            headers: { 'idempotency-key': header },
            payload: JSON.parse(JSON.stringify({ ...body, [field]: value })) as unknown,
          };
          expect([field, value, isDocumented(message)]).toEqual([field, value, isTaken(message)]);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('gets the same verdict from both for any key', () => {
    fc.assert(
      fc.property(requests, fc.oneof(nonsense, key), fc.boolean(), (payload, value, isInHeader) => {
        fc.pre(value !== undefined);
        const message = isInHeader
          ? { headers: { 'idempotency-key': value }, payload }
          : { headers: {}, payload: { ...payload, idempotencyKey: value } };
        expect([value, isDocumented(message)]).toEqual([value, isTaken(message)]);
      }),
      { numRuns: 500 },
    );
  });

  it.each([[[]], ['PAY-001'], [7], [null], [{}]])('is rejected by both if it is %j', (payload) => {
    const message = { headers: { 'idempotency-key': 'abc' }, payload };
    expect([isDocumented(message), isTaken(message)]).toEqual([false, false]);
  });

  const good = { paymentId: 'PAY-001', amount: 99.99, customerId: 'CUST-001' };
  const withKey = { 'idempotency-key': 'abc' };

  // The document describes these rules in words, because JSON Schema cannot express them.
  it.each([
    { what: 'more decimals than the currency has', payload: { ...good, amount: 99.999 }, headers: withKey },
    { what: 'half a yen', payload: { ...good, amount: 500.5, currency: 'JPY' }, headers: withKey },
    { what: 'too many minor units', payload: { ...good, amount: 1_000_000 }, headers: withKey },
    { what: 'a card number', payload: { ...good, customerId: '4242424242424242' }, headers: withKey },
    { what: 'two keys that disagree', payload: { ...good, idempotencyKey: 'def' }, headers: withKey },
    { what: 'no key', payload: good, headers: {} },
    {
      what: 'a mailbox of more than 64 characters',
      payload: { ...good, receiptEmail: `${'x'.repeat(65)}@example.com` },
      headers: withKey,
    },
  ])('is rejected only by the code for $what', ({ payload, headers }) => {
    const message = { headers, payload };
    expect([isDocumented(message), isTaken(message)]).toEqual([true, false]);
  });
});
