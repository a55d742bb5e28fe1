import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module';
import { GatewayModule } from './gateway/gateway.module';
import { PaymentEvents } from './payment-events';
import { PaymentKeys } from './payment-keys';
import { PaymentLog } from './payment-log';
import { PaymentConsumer } from './payment.consumer';
import { PaymentPolicy } from './payment.policy';
import { PaymentRequestPipe } from './payment-request.pipe';
import { PaymentService } from './payment.service';

/** Takes payment requests from the queue and charges them. */
@Module({
  imports: [MessagingModule, GatewayModule],
  providers: [
    PaymentConsumer,
    PaymentEvents,
    PaymentKeys,
    PaymentLog,
    PaymentPolicy,
    PaymentRequestPipe,
    PaymentService,
  ],
})
export class PaymentModule {}
