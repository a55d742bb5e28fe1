import { RabbitSubscribe } from '@golevelup/nestjs-rabbitmq';
import { Injectable, UseInterceptors } from '@nestjs/common';
import { Idempotent, IdempotencyContext, IdempotentPayload } from 'nestjs-idempotent';
import { DeliveryInterceptor } from '../messaging/delivery.interceptor';
import { PIPELINE, subscriptionTo } from '../messaging/subscription';
import { HEADERS, RECEIPTS } from '../messaging/topology';
import type { PaymentSucceeded } from '../payment/payment-succeeded';
import { PaymentSucceededPipe } from './payment-succeeded.pipe';
import { RECEIPT_SCOPE } from './receipt';
import { ReceiptService, type ReceiptRequest, type SentReceipt } from './receipt.service';

/** Takes `payment.succeeded` events from the queue, and sends one receipt for each payment. */
@Injectable()
@UseInterceptors(DeliveryInterceptor)
export class NotificationConsumer {
  constructor(private readonly receipts: ReceiptService) {}

  @RabbitSubscribe(subscriptionTo(RECEIPTS))
  @Idempotent<PaymentSucceeded>({
    ...PIPELINE,
    scope: RECEIPT_SCOPE,
    key: { header: HEADERS.idempotencyKey, property: 'idempotencyKey' },
    payload: PaymentSucceededPipe,
    // The receipt is written from the record, so a false event that comes first must not bind the key to its content.
    fingerprint: false,
  })
  sendReceipt(
    @IdempotentPayload() event: ReceiptRequest,
    @IdempotencyContext() context: IdempotencyContext,
  ): Promise<SentReceipt> {
    return this.receipts.send(event, context);
  }
}
