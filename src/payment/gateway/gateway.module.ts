import { Module } from '@nestjs/common';
import { Registry } from 'prom-client';
import { Environment } from '../../config/environment';
import { MetricsModule } from '../../observability/metrics/metrics.module';
import { ObservedGateway } from './observed-gateway';
import { PaymentGateway } from './payment-gateway';
import { StripeGateway } from './stripe-gateway';
import { StripeWebhooks } from './stripe-webhooks';

@Module({
  imports: [MetricsModule],
  providers: [
    {
      provide: PaymentGateway,
      inject: [Environment, Registry],
      useFactory: (environment: Environment, registry: Registry) =>
        new ObservedGateway(new StripeGateway(environment), registry),
    },
    StripeWebhooks,
  ],
  exports: [PaymentGateway, StripeWebhooks],
})
export class GatewayModule {}
