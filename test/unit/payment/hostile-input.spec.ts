import fc from 'fast-check';
import { parseEnvironment } from '../../../src/config/parse-environment';
import { deadLetterContentFrom } from '../../../src/operations/dead-letters/dead-letter';
import { readKey } from 'nestjs-idempotent';
import { InvalidIdempotencyKeyError, MissingIdempotencyKeyError } from 'nestjs-idempotent';
import { assertEncodable } from '../../../src/messaging/encodable';
import { copyOf } from '../../../src/messaging/message-copy';
import { readBody, UnreadableMessageError } from '../../../src/messaging/message-body';
import { historyOf, identityOf } from '../../../src/messaging/message-headers';
import { inMajorUnits } from '../../../src/money/money';
import { InvalidPaymentError, PaymentRequestPipe } from '../../../src/payment/payment-request.pipe';
import type { PaymentRequest } from '../../../src/payment/payment.dto';
import '../../support/fixed-seed';
import { hostileBody, hostileHeaders, hostileValue } from '../../support/hostile-arbitraries';
import { isJsonObject } from '../../support/json';
import { aMessage } from '../messaging/a-message';

const RUNS = { numRuns: 1_000 };

const pipe = new PaymentRequestPipe(
  parseEnvironment({
    RABBITMQ_URL: 'amqp://localhost',
    REDIS_URL: 'redis://localhost',
    STRIPE_API_KEY: 'sk_test_1',
  }),
);

/** The payment that a body requests; undefined if it was rejected with the expected error. */
function accepted(body: unknown): PaymentRequest | undefined {
  try {
    return pipe.transform(body);
  } catch (error) {
    if (error instanceof InvalidPaymentError) return undefined;
    throw error;
  }
}

function expectNothingCoerced(body: unknown, request: PaymentRequest): void {
  if (!isJsonObject(body)) throw new Error('a payment was made of something that is not an object');
  expect(request.paymentId).toBe(body.paymentId);
  expect(request.customerId).toBe(body.customerId);
  expect(request.money.currency).toBe(body.currency ?? 'USD');
  const { minorUnits, currency } = request.money;
  expect(Number.isInteger(minorUnits) && minorUnits >= 1 && minorUnits <= 999_999_999_999).toBe(true);
  expect(typeof body.amount).toBe('number');
  expect(Number(inMajorUnits(minorUnits, currency))).toBe(body.amount);
}

describe('a body from an untrusted sender', () => {
  it('is an object or unreadable, whatever its bytes are', () => {
    fc.assert(
      fc.property(hostileBody, (content) => {
        const body = readBody(content);
        expect(body instanceof UnreadableMessageError || isJsonObject(body)).toBe(true);
      }),
      RUNS,
    );
  });

  it('becomes a payment with exactly its values, or is rejected', () => {
    let payments = 0;
    fc.assert(
      fc.property(hostileBody, (content) => {
        const body = readBody(content);
        const request = accepted(body);
        if (!request) return;
        payments++;
        expectNothingCoerced(body, request);
      }),
      RUNS,
    );
    // Otherwise too few payments would have been checked.
    expect(payments).toBeGreaterThan(RUNS.numRuns / 20);
  });

  it('is rejected with one line that quotes none of it', () => {
    const canary = 'qW9-canary';
    fc.assert(
      fc.property(
        fc.constantFrom('paymentId', 'amount', 'customerId', 'currency', 'x'),
        hostileValue,
        (name, value) => {
          const body = {
            paymentId: 7,
            amount: canary,
            customerId: [canary],
            currency: canary,
            [name]: value,
          };
          try {
            pipe.transform(body);
          } catch (error) {
            expect(String(error)).not.toContain(canary);
          }
        },
      ),
      RUNS,
    );
  });
});

describe('a header table from an untrusted sender', () => {
  const location = { header: 'idempotency-key', property: 'idempotencyKey' };

  it('has a key of its own in visible ASCII, or no valid key', () => {
    fc.assert(
      fc.property(hostileHeaders, hostileValue, (headers, payload) => {
        try {
          const key = readKey(location, { headers, payload });
          const given = [
            isJsonObject(headers) && Object.hasOwn(headers, 'idempotency-key') && headers['idempotency-key'],
            isJsonObject(payload) && Object.hasOwn(payload, 'idempotencyKey') && payload.idempotencyKey,
          ];
          expect(given).toContain(key);
          expect(key).toMatch(/^[\x21-\x7e]{1,255}$/);
        } catch (error) {
          const isOrderly =
            error instanceof MissingIdempotencyKeyError || error instanceof InvalidIdempotencyKeyError;
          if (!isOrderly) throw error;
        }
      }),
      RUNS,
    );
  });

  it('can be read for its history, logged, shown as a dead letter and sent again', () => {
    fc.assert(
      fc.property(hostileHeaders, hostileBody, hostileValue, (table, content, property) => {
        const headers = isJsonObject(table) ? table : undefined;
        // The client passes on everything that the sender set.
        const properties: object = { headers, messageId: property, timestamp: property };
        const message = { ...aMessage({ properties }), content };
        const { attempts, attemptsBeforeReplay } = historyOf(message);
        expect(
          [attempts, attemptsBeforeReplay].every((count) => Number.isSafeInteger(count) && count >= 0),
        ).toBe(true);
        expect(JSON.stringify(identityOf(message))).not.toContain('\n');
        expect(deadLetterContentFrom(message).id).toMatch(/^[0-9a-f]{12}$/);
        expect(() => assertEncodable(content, copyOf(message).properties)).not.toThrow();
      }),
      RUNS,
    );
  });
});
