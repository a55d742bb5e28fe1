import { RabbitSubscribe } from '@golevelup/nestjs-rabbitmq';
import { Injectable, UseInterceptors } from '@nestjs/common';
import { Idempotent, IdempotencyContext, IdempotentPayload } from '../idempotency';
import { DeliveryInterceptor } from '../messaging/delivery.interceptor';
import { requeueUnsettled } from '../messaging/settlement';
import {
  IN_PROGRESS_WAIT_MS,
  CONSUMER_CHANNEL,
  HEADERS,
  RECEIPTS,
  WORK_QUEUE_OPTIONS,
} from '../messaging/topology';
import type { PaymentSucceeded } from '../payment/payment-succeeded';
import { PaymentSucceededPipe } from './payment-succeeded.pipe';
import { RECEIPT_SCOPE } from './receipt';
import { ReceiptAttempts } from './receipt-attempts';
import { ReceiptDeliveries } from './receipt-deliveries';
import { ReceiptService, type ReceiptRequest, type SentReceipt } from './receipt.service';
import { WantedReceiptsInterceptor } from './wanted-receipts.interceptor';

/** Takes `payment.succeeded` events from the queue, and sends one receipt for each payment. */
@Injectable()
@UseInterceptors(DeliveryInterceptor, WantedReceiptsInterceptor)
export class NotificationConsumer {
  constructor(private readonly receipts: ReceiptService) {}

  @RabbitSubscribe({
    queue: RECEIPTS.name,
    queueOptions: { ...WORK_QUEUE_OPTIONS, channel: CONSUMER_CHANNEL },
    errorHandler: requeueUnsettled,
  })
  @Idempotent<PaymentSucceeded>({
    scope: RECEIPT_SCOPE,
    key: { header: HEADERS.idempotencyKey, property: 'idempotencyKey' },
    payload: PaymentSucceededPipe,
    // The record says what is sent, so a false event that comes first must not bind the key to what it says.
    fingerprint: false,
    whenInProgress: { waitMs: IN_PROGRESS_WAIT_MS, then: 'onFailure' },
    attempts: ReceiptAttempts,
    onFailure: ReceiptDeliveries,
  })
  sendReceipt(
    @IdempotentPayload() event: ReceiptRequest,
    @IdempotencyContext() context: IdempotencyContext,
  ): Promise<SentReceipt> {
    return this.receipts.send(event, context);
  }
}
