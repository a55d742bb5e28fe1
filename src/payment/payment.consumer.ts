import { RabbitSubscribe } from '@golevelup/nestjs-rabbitmq';
import { Injectable, UseInterceptors } from '@nestjs/common';
import { Idempotent, IdempotencyContext, IdempotentPayload } from 'nestjs-idempotent';
import { DeliveryInterceptor } from '../messaging/delivery.interceptor';
import { PIPELINE, subscriptionTo } from '../messaging/subscription';
import { CHARGES } from '../messaging/topology';
import { PaymentKeys } from './payment-keys';
import { PaymentRequestPipe } from './payment-request.pipe';
import { PAYMENT_SCOPE, paymentIdentity, type PaymentRequest, type PaymentResult } from './payment.dto';
import { PaymentService } from './payment.service';

/** Takes payment requests from the queue, and charges each once. */
@Injectable()
@UseInterceptors(DeliveryInterceptor)
export class PaymentConsumer {
  constructor(private readonly payments: PaymentService) {}

  @RabbitSubscribe(subscriptionTo(CHARGES))
  @Idempotent<PaymentRequest>({
    ...PIPELINE,
    scope: PAYMENT_SCOPE,
    key: PaymentKeys,
    payload: PaymentRequestPipe,
    fingerprint: paymentIdentity,
  })
  charge(
    @IdempotentPayload() request: PaymentRequest,
    @IdempotencyContext() context: IdempotencyContext,
  ): Promise<PaymentResult> {
    return this.payments.charge(request, context);
  }
}
