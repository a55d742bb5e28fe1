import { RabbitSubscribe } from '@golevelup/nestjs-rabbitmq';
import { Injectable, UseInterceptors } from '@nestjs/common';
import { Idempotent, IdempotencyContext, IdempotentPayload } from '../idempotency';
import { DeliveryInterceptor } from '../messaging/delivery.interceptor';
import { requeueUnsettled } from '../messaging/settlement';
import { IN_PROGRESS_WAIT_MS, CHARGES, CONSUMER_CHANNEL, WORK_QUEUE_OPTIONS } from '../messaging/topology';
import { PaymentAttempts } from './payment-attempts';
import { PaymentDeliveries } from './payment-deliveries';
import { isUncounted } from './payment.policy';
import { PaymentKeys } from './payment-keys';
import { PaymentRequestPipe } from './payment-request.pipe';
import { PAYMENT_SCOPE, paymentIdentity, type PaymentRequest, type PaymentResult } from './payment.dto';
import { PaymentService } from './payment.service';

/** Takes payment requests from the queue, and charges each once. */
@Injectable()
@UseInterceptors(DeliveryInterceptor)
export class PaymentConsumer {
  constructor(private readonly payments: PaymentService) {}

  @RabbitSubscribe({
    queue: CHARGES.name,
    queueOptions: { ...WORK_QUEUE_OPTIONS, channel: CONSUMER_CHANNEL },
    errorHandler: requeueUnsettled,
  })
  @Idempotent<PaymentRequest>({
    scope: PAYMENT_SCOPE,
    key: PaymentKeys,
    payload: PaymentRequestPipe,
    fingerprint: paymentIdentity,
    whenInProgress: { waitMs: IN_PROGRESS_WAIT_MS, then: 'onFailure' },
    uncounted: isUncounted,
    attempts: PaymentAttempts,
    onFailure: PaymentDeliveries,
  })
  charge(
    @IdempotentPayload() request: PaymentRequest,
    @IdempotencyContext() context: IdempotencyContext,
  ): Promise<PaymentResult> {
    return this.payments.charge(request, context);
  }
}
