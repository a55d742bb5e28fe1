import { Module, type DynamicModule } from '@nestjs/common';
import type { Environment } from '../config/environment';
import { MessagingModule } from '../messaging/messaging.module';
import { MetricsModule } from '../observability/metrics/metrics.module';
import { RedisModule } from '../redis/redis.module';
import { LaterOutcomes } from './follow-up/later-outcomes';
import { LedgerMetrics } from './follow-up/ledger.metrics';
import { OpenPayments } from './follow-up/open-payments';
import { PaymentFollowUp } from './follow-up/payment-follow-up';
import { GatewayModule } from './gateway/gateway.module';
import { PaymentEventRelay } from './payment-event-relay';
import { PaymentEvents } from './payment-events';
import { PaymentKeys } from './payment-keys';
import { PaymentLog } from './payment-log';
import { PaymentOutcomes } from './payment-outcomes';
import { PaymentConsumer } from './payment.consumer';
import { PaymentPolicy } from './payment.policy';
import { PaymentRequestPipe } from './payment-request.pipe';
import { PaymentService } from './payment.service';
import { ReceiptAddresses } from './receipt-addresses';
import { StripeWebhookController } from './webhook/stripe-webhook.controller';
import { WebhookMetrics } from './webhook/webhook.metrics';

/** Takes payment requests from the queue, charges them, and follows up those whose outcome comes later. */
@Module({})
export class PaymentModule {
  /** With the ledger's events if there is a ledger, and with webhooks if there is a secret for them. */
  static forEnvironment({ databaseUrl, stripeWebhookSecrets }: Environment): DynamicModule {
    const hasLedger = databaseUrl !== '';
    const hasWebhooks = stripeWebhookSecrets.length > 0;
    return {
      module: PaymentModule,
      imports: [MessagingModule, GatewayModule, MetricsModule, RedisModule],
      controllers: hasWebhooks ? [StripeWebhookController] : [],
      providers: [
        LaterOutcomes,
        OpenPayments,
        PaymentConsumer,
        PaymentEvents,
        PaymentFollowUp,
        PaymentKeys,
        PaymentLog,
        PaymentOutcomes,
        PaymentPolicy,
        PaymentRequestPipe,
        PaymentService,
        ReceiptAddresses,
        ...(hasLedger ? [LedgerMetrics, PaymentEventRelay] : []),
        ...(hasWebhooks ? [WebhookMetrics] : []),
      ],
    };
  }
}
