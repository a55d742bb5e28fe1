import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module';
import { GatewayModule } from './gateway/gateway.module';
import { PaymentActivityModule } from './payment-activity.module';
import { PaymentAttempts } from './payment-attempts';
import { PaymentDeliveries } from './payment-deliveries';
import { PaymentEvents } from './payment-events';
import { PaymentKeys } from './payment-keys';
import { PaymentLog } from './payment-log';
import { PaymentConsumer } from './payment.consumer';
import { PaymentRequestPipe } from './payment-request.pipe';
import { PaymentService } from './payment.service';

/** Takes payment requests from the queue and charges them. */
@Module({
  imports: [MessagingModule, GatewayModule, PaymentActivityModule],
  providers: [
    PaymentConsumer,
    PaymentAttempts,
    PaymentDeliveries,
    PaymentEvents,
    PaymentKeys,
    PaymentLog,
    PaymentRequestPipe,
    PaymentService,
  ],
})
export class PaymentModule {}
