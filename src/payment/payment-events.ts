import { Injectable, Logger } from '@nestjs/common';
import { Environment } from '../config/environment';
import { deadLetterHeaders } from '../messaging/dead-letter-headers';
import { Declaration } from '../messaging/declaration';
import { PublishReturnedError, Publisher } from '../messaging/publisher';
import { DEAD_LETTER, EVENTS_EXCHANGE, HEADERS, PAYMENT_SUCCEEDED } from '../messaging/topology';
import type { PaymentRequest, SucceededPayment } from './payment.dto';
import type { PaymentSucceeded } from './payment-succeeded';

export interface Success {
  readonly idempotencyKey: string;
  readonly request: PaymentRequest;
  readonly result: SucceededPayment;
}

/** Publishes the events of payments. */
@Injectable()
export class PaymentEvents {
  private readonly logger = new Logger(PaymentEvents.name);

  constructor(
    private readonly publisher: Publisher,
    private readonly declaration: Declaration,
    private readonly environment: Environment,
  ) {}

  /**
   * Resolves when the broker has taken responsibility for the event. It may be published more than once for a payment,
   * always under the payment's own key. An event that no queue takes, even after its binding was declared again, becomes a
   * dead letter: a missing queue must not fail a payment that is charged.
   *
   * @throws PublishUnconfirmedError
   */
  async succeeded(success: Success): Promise<void> {
    const event = eventOf(success);
    try {
      await this.publish(event);
    } catch (error) {
      if (!(error instanceof PublishReturnedError)) throw error;
      await this.declaration.redeclare();
      await this.publish(event).catch((secondError: unknown) => this.deadLetter(event, secondError));
    }
  }

  private publish(event: PaymentSucceeded): Promise<void> {
    return this.publisher.publish({
      exchange: EVENTS_EXCHANGE,
      routingKey: PAYMENT_SUCCEEDED,
      content: contentOf(event),
      // With receipts switched off, an event without a queue is expected.
      properties: { ...propertiesOf(event), mandatory: this.environment.smtpUrl !== '' },
    });
  }

  private async deadLetter(event: PaymentSucceeded, error: unknown): Promise<void> {
    if (!(error instanceof PublishReturnedError)) throw error;
    const { paymentId, idempotencyKey } = event;
    this.logger.error(
      { paymentId, idempotencyKey, err: error },
      'No queue takes an event; it becomes a dead letter',
    );
    const properties = propertiesOf(event);
    await this.publisher.publish({
      exchange: '',
      routingKey: DEAD_LETTER,
      content: contentOf(event),
      properties: {
        ...properties,
        headers: {
          ...properties.headers,
          ...deadLetterHeaders({
            reason: 'event-undeliverable',
            detail: `no queue takes '${PAYMENT_SUCCEEDED}', although its binding was declared again; replay it when one does`,
            routingKey: PAYMENT_SUCCEEDED,
          }),
        },
      },
    });
  }
}

function eventOf({ idempotencyKey, request, result }: Success): PaymentSucceeded {
  const { paymentId, chargeId, amountMinorUnits, currency } = result;
  const { customerId, receiptEmail } = request;
  return {
    paymentId,
    idempotencyKey,
    chargeId,
    amountMinorUnits,
    currency,
    customerId,
    ...(receiptEmail && { receiptEmail }),
  };
}

function contentOf(event: PaymentSucceeded): Buffer {
  return Buffer.from(JSON.stringify(event));
}

function propertiesOf({ idempotencyKey }: PaymentSucceeded) {
  return {
    contentType: 'application/json',
    timestamp: Math.floor(Date.now() / 1000),
    headers: { [HEADERS.idempotencyKey]: idempotencyKey },
  };
}
