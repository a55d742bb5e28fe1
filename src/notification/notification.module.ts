import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module';
import { Mailer } from './mailer';
import { NotificationConsumer } from './notification.consumer';
import { PaymentSucceededPipe } from './payment-succeeded.pipe';
import { ReceiptPolicy } from './receipt.policy';
import { ReceiptService } from './receipt.service';
import { RecordedPayments } from './recorded-payments';

/** Sends receipts to customers. */
@Module({
  imports: [MessagingModule],
  providers: [
    Mailer,
    NotificationConsumer,
    PaymentSucceededPipe,
    ReceiptPolicy,
    ReceiptService,
    RecordedPayments,
  ],
})
export class NotificationModule {}
