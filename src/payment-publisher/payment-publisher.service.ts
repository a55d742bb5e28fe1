import { Injectable, Logger, Optional } from '@nestjs/common';
import type { Options } from 'amqplib';
import { IdempotencyService } from 'nestjs-idempotent';
import { createIdempotentPublish, type IdempotentPublish } from 'nestjs-idempotent/client';
import type { LedgerPayment } from '../ledger/ledger-payment';
import { PaymentLedger } from '../ledger/payment-ledger';
import { MessageEvents } from '../messaging/message-events';
import { PublishInterruptedError, Publisher } from '../messaging/publisher';
import { PAYMENTS_EXCHANGE, PAYMENT_REQUESTED } from '../messaging/topology';
import { PAYMENT_SCOPE, type PaymentFields } from '../payment/payment.dto';
import { PaymentKeys } from '../payment/payment-keys';
import { resultIn } from '../payment/payment-result';
import type { PaymentState, PublishedPayment } from './payment-publisher.dto';

/** As long as one publish may take; enough for a new connection after a short interruption. */
const PUBLISH_WITHIN_MS = 6_000;

/** Publishes payment requests, and reads the state of payments. */
@Injectable()
export class PaymentPublisherService {
  private readonly logger = new Logger(PaymentPublisherService.name);
  private readonly publishOnce: IdempotentPublish<Options.Publish>;

  constructor(
    publisher: Publisher,
    private readonly idempotency: IdempotencyService,
    private readonly events: MessageEvents,
    private readonly keys: PaymentKeys,
    @Optional() private readonly ledger?: PaymentLedger,
  ) {
    this.publishOnce = createIdempotentPublish(
      {
        publish: (exchange, routingKey, content: Buffer, properties: Options.Publish = {}) =>
          publisher.publish({ exchange, routingKey, content, properties }),
      },
      {
        attemptTimeoutMs: PUBLISH_WITHIN_MS,
        maxTotalMs: PUBLISH_WITHIN_MS,
        // A message that still waits for its confirm would only get a copy.
        isRepeated: (error) => error instanceof PublishInterruptedError,
      },
    );
  }

  /**
   * Resolves when the broker has confirmed every copy.
   *
   * @throws OutcomeUnknownError when the publish was interrupted, and so was each repeat; repeat with the same key
   * @throws PublishUnconfirmedError when no confirm came in time; repeat with the same key
   * @throws PublishReturnedError when no queue accepts payment requests
   * @throws InvalidIdempotencyKeyError when the key is too long together with the name of its publisher
   */
  async publish(payment: PaymentFields, idempotencyKey: string, copies: number): Promise<PublishedPayment> {
    const claimedKey = this.keys.ofOurs(idempotencyKey);
    const message = Buffer.from(JSON.stringify({ ...payment, idempotencyKey }));
    // The age of a request counts from here, even after it is delayed, dead-lettered or replayed.
    const sentAt = Date.now();
    const timestamp = Math.floor(sentAt / 1000);
    await Promise.all(
      Array.from({ length: copies }, () =>
        this.publishOnce({
          exchange: PAYMENTS_EXCHANGE,
          routingKey: PAYMENT_REQUESTED,
          message,
          options: { contentType: 'application/json', timestamp, userId: this.keys.userId },
          idempotencyKey,
        }),
      ),
    );
    const published: PublishedPayment = { paymentId: payment.paymentId, idempotencyKey, copies };
    this.logger.log(published, 'Payment published');
    this.events.emit({
      kind: 'published',
      routingKey: PAYMENT_REQUESTED,
      key: claimedKey,
      body: payment,
      copies,
      sentAt,
    });
    return published;
  }

  /**
   * From Redis, and behind it the ledger, which also knows what Redis has forgotten. Undefined when the key is unknown.
   *
   * @throws StoreUnavailableError, LedgerUnavailableError
   */
  async stateOf(idempotencyKey: string): Promise<PaymentState | undefined> {
    const key = this.keys.ofOurs(idempotencyKey);
    const { record, attempts } = await this.idempotency.find({ scope: PAYMENT_SCOPE, key });
    if (record) {
      const { processedAt, result } = record;
      return { idempotencyKey, state: 'completed', attempts, processedAt, result };
    }
    const payment = await this.ledger?.find(key);
    if (payment) return stateIn(payment, idempotencyKey);
    return attempts > 0 ? { idempotencyKey, state: 'in_progress', attempts } : undefined;
  }
}

function stateIn(payment: LedgerPayment, idempotencyKey: string): PaymentState {
  const { attempts, settledAt } = payment;
  const result = resultIn(payment);
  if (!result) return { idempotencyKey, state: 'in_progress', attempts };
  return {
    idempotencyKey,
    state: 'completed',
    attempts,
    ...(settledAt && { processedAt: settledAt.toISOString() }),
    result,
  };
}
