import { Injectable } from '@nestjs/common';
import type { NewMessage, OutboxMessage } from 'nestjs-idempotent';
import { Environment } from '../config/environment';
import { EventPublisher } from '../messaging/event-publisher';
import { EVENTS_EXCHANGE, PAYMENT_FAILED, PAYMENT_SUCCEEDED } from '../messaging/topology';
import { traceparent } from '../observability/tracing/spans';
import { PAYMENT_SCOPE, type EndedPayment } from './payment.dto';
import type { PaymentFailed } from './payment-failed';
import type { PaymentSucceeded } from './payment-succeeded';
import { ReceiptAddresses } from './receipt-addresses';

/** A payment that has ended. */
export interface PaymentEnd {
  readonly idempotencyKey: string;
  readonly customerId: string;
  readonly result: EndedPayment;
}

/** Publishes the events of payments, `payment.succeeded` and `payment.failed`. */
@Injectable()
export class PaymentEvents {
  constructor(
    private readonly events: EventPublisher,
    private readonly addresses: ReceiptAddresses,
    private readonly environment: Environment,
  ) {}

  /**
   * Resolves when the broker has taken responsibility for the event. It may be published more than once for a payment, always
   * under the payment's own key.
   *
   * @throws PublishUnconfirmedError
   */
  async ended(end: PaymentEnd, receiptEmail?: string): Promise<void> {
    const { routingKey, event } = eventOf(end);
    const content = JSON.stringify({ ...event, ...(receiptEmail && { receiptEmail }) });
    await this.publish({ routingKey, content, idempotencyKey: end.idempotencyKey, at: new Date() });
  }

  /** The event as it waits in the ledger's outbox: without personal data. */
  waiting(end: PaymentEnd): NewMessage {
    const { idempotencyKey } = end;
    const { routingKey, event } = eventOf(end);
    const trace = traceparent();
    return {
      scope: PAYMENT_SCOPE,
      key: idempotencyKey,
      exchange: EVENTS_EXCHANGE,
      routingKey,
      content: JSON.stringify(event),
      headers: JSON.stringify(trace === undefined ? {} : { traceparent: trace }),
      idempotencyKey,
    };
  }

  /**
   * The same for an event that has waited in the outbox. The address of its receipt comes from Redis, where it is not kept
   * any longer afterwards.
   *
   * @throws PublishUnconfirmedError, or an error of Redis
   */
  async relay({ routingKey, content, headers, idempotencyKey, writtenAt }: OutboxMessage): Promise<void> {
    const hasReceipts = this.environment.smtpUrl !== '';
    const receiptEmail = hasReceipts ? await this.addresses.find(idempotencyKey) : undefined;
    const isReceipted = receiptEmail !== undefined && routingKey === PAYMENT_SUCCEEDED;
    const event = isReceipted ? withAddress(content, receiptEmail) : content;
    await this.publish({ routingKey, content: event, headers, idempotencyKey, at: writtenAt });
    if (receiptEmail !== undefined) await this.addresses.forget(idempotencyKey);
  }

  private publish(event: Omit<Parameters<EventPublisher['publish']>[0], 'needsQueue'>): Promise<void> {
    // With receipts switched off, an event without a queue is expected, as that of a failure always is.
    const needsQueue = event.routingKey === PAYMENT_SUCCEEDED && this.environment.smtpUrl !== '';
    return this.events.publish({ ...event, needsQueue });
  }
}

function withAddress(content: string, receiptEmail: string): string {
  return JSON.stringify({ ...(JSON.parse(content) as object), receiptEmail });
}

function eventOf({ idempotencyKey, customerId, result }: PaymentEnd): {
  readonly routingKey: string;
  readonly event: Omit<PaymentSucceeded, 'receiptEmail'> | PaymentFailed;
} {
  const { paymentId, amountMinorUnits, currency } = result;
  const facts = { paymentId, idempotencyKey, amountMinorUnits, currency, customerId };
  switch (result.status) {
    case 'succeeded':
      return { routingKey: PAYMENT_SUCCEEDED, event: { ...facts, chargeId: result.chargeId } };
    case 'declined':
    case 'failed': {
      const { status, chargeId, declineCode } = result;
      const event = { ...facts, status, ...(chargeId !== undefined && { chargeId }), declineCode };
      return { routingKey: PAYMENT_FAILED, event };
    }
    default:
      return result satisfies never;
  }
}
