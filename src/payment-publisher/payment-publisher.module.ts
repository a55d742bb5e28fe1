import { Module, type DynamicModule } from '@nestjs/common';
import { MessagingModule } from '../messaging/messaging.module';
import { PaymentKeys } from '../payment/payment-keys';
import { PaymentPublisherController } from './payment-publisher.controller';
import { PaymentPublisherService } from './payment-publisher.service';

/** Publishes the payment requests that `PaymentModule` consumes. */
@Module({})
export class PaymentPublisherModule {
  /** With the HTTP endpoints for development, or without. */
  static forRoot({ devEndpoints }: { devEndpoints: boolean }): DynamicModule {
    return {
      module: PaymentPublisherModule,
      imports: [MessagingModule],
      controllers: devEndpoints ? [PaymentPublisherController] : [],
      providers: [PaymentKeys, PaymentPublisherService],
      exports: [PaymentPublisherService],
    };
  }
}
