import { Module } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module';
import { Mailer } from './mailer';
import { NotificationConsumer } from './notification.consumer';
import { PaymentSucceededPipe } from './payment-succeeded.pipe';
import { ReceiptAttempts } from './receipt-attempts';
import { ReceiptDeliveries } from './receipt-deliveries';
import { ReceiptService } from './receipt.service';
import { RecordedPayments } from './recorded-payments';
import { WantedReceiptsInterceptor } from './wanted-receipts.interceptor';

/** Tells customers of their payments. */
@Module({
  imports: [MessagingModule],
  providers: [
    Mailer,
    NotificationConsumer,
    PaymentSucceededPipe,
    ReceiptAttempts,
    ReceiptDeliveries,
    ReceiptService,
    RecordedPayments,
    WantedReceiptsInterceptor,
  ],
})
export class NotificationModule {}
