import { Injectable } from '@nestjs/common';
import { Publisher } from '../messaging/publisher';
import { HEADERS, PAYMENTS_EXCHANGE, PAYMENT_SUCCEEDED } from '../messaging/topology';
import type { PaymentRequest, SucceededPayment } from './payment.dto';
import type { PaymentSucceeded } from './payment-succeeded';

export interface Success {
  readonly idempotencyKey: string;
  readonly request: PaymentRequest;
  readonly result: SucceededPayment;
}

/** Tells others what became of payments. */
@Injectable()
export class PaymentEvents {
  constructor(private readonly publisher: Publisher) {}

  /**
   * Resolves when the broker has taken responsibility for the event. It may be published more than once for a payment,
   * always under the payment's own key.
   *
   * @throws PublishUnconfirmedError, PublishReturnedError
   */
  async succeeded({ idempotencyKey, request, result }: Success): Promise<void> {
    const { paymentId, chargeId, amountMinorUnits, currency } = result;
    const { customerId, receiptEmail } = request;
    const event: PaymentSucceeded = {
      paymentId,
      idempotencyKey,
      chargeId,
      amountMinorUnits,
      currency,
      customerId,
      ...(receiptEmail && { receiptEmail }),
    };
    await this.publisher.publish({
      exchange: PAYMENTS_EXCHANGE,
      routingKey: PAYMENT_SUCCEEDED,
      content: Buffer.from(JSON.stringify(event)),
      properties: {
        contentType: 'application/json',
        timestamp: Math.floor(Date.now() / 1000),
        headers: { [HEADERS.idempotencyKey]: idempotencyKey },
      },
    });
  }
}
