import { Logger } from '@nestjs/common';
import { OutcomeUnknownError } from 'nestjs-idempotent/client';
import { IdempotencyService } from 'nestjs-idempotent';
import { parseEnvironment } from '../../../src/config/parse-environment';
import { MessageEvents } from '../../../src/messaging/message-events';
import {
  PublishInterruptedError,
  PublishReturnedError,
  PublishUnconfirmedError,
  type Publisher,
} from '../../../src/messaging/publisher';
import type { OutgoingMessage } from '../../../src/messaging/publishing-channel';
import { PaymentKeys } from '../../../src/payment/payment-keys';
import { PaymentPublisherService } from '../../../src/payment-publisher/payment-publisher.service';

const payment = { paymentId: 'PAY-001', amount: 99.99, customerId: 'CUST-001' };
const keys = new PaymentKeys(
  parseEnvironment({
    RABBITMQ_URL: 'amqp://rabbit',
    REDIS_URL: 'redis://redis',
    STRIPE_API_KEY: 'sk_test_spec',
  }),
);

/** A broker that answers the first publishes with errors, and confirms all others. */
class Broker {
  readonly messages: OutgoingMessage[] = [];
  private readonly errors: Error[];

  constructor(...errors: Error[]) {
    this.errors = errors;
  }

  async publish(message: OutgoingMessage): Promise<void> {
    this.messages.push(message);
    const error = this.errors.shift();
    if (error) throw error;
  }

  publishPayment(copies = 1): Promise<unknown> {
    const service = new PaymentPublisherService(
      this as unknown as Publisher,
      {} as IdempotencyService,
      new MessageEvents(),
      keys,
    );
    return service.publish(payment, 'key-1', copies).catch((error: unknown) => error);
  }
}

beforeAll(() => {
  Logger.overrideLogger(false);
});
afterAll(() => {
  Logger.overrideLogger(['error', 'warn']);
});

describe('a payment request whose publish is interrupted', () => {
  it('is published again, the same in every byte and under the same key', async () => {
    const broker = new Broker(new PublishInterruptedError('gone'), new PublishInterruptedError('refused'));
    expect(await broker.publishPayment()).toEqual({
      paymentId: 'PAY-001',
      idempotencyKey: 'key-1',
      copies: 1,
    });
    const [first, ...others] = broker.messages;
    expect(first?.properties).toMatchObject({
      contentType: 'application/json',
      timestamp: expect.any(Number),
      headers: { 'idempotency-key': 'key-1' },
    });
    // It tells the client how long it may wait for a connection; the broker does not get it.
    const same = { ...first, properties: { ...first?.properties, timeout: expect.any(Number) } };
    expect(others).toEqual([same, same]);
  });

  it('again and again is an error with its key and the cause', async () => {
    const gone = new PublishInterruptedError('gone');
    const error = await new Broker(...Array.from({ length: 9 }, () => gone)).publishPayment();
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({ idempotencyKey: 'key-1', cause: gone });
  });
});

describe('a payment request that no repeat would help', () => {
  it.each([
    { why: 'it still waits for its confirm', error: new PublishUnconfirmedError('late') },
    { why: 'no queue takes it', error: new PublishReturnedError('no queue') },
  ])('is published once: $why', async ({ error }) => {
    const broker = new Broker(error);
    expect(await broker.publishPayment()).toBe(error);
    expect(broker.messages).toHaveLength(1);
  });
});

describe('copies of a payment request', () => {
  it('have one key and one timestamp', async () => {
    const broker = new Broker();
    await broker.publishPayment(3);
    expect(broker.messages).toEqual(Array(3).fill(broker.messages[0]));
  });
});
