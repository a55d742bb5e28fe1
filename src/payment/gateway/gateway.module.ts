import { Module } from '@nestjs/common';
import { PaymentGateway } from './payment-gateway';
import { StripeGateway } from './stripe-gateway';

@Module({
  providers: [{ provide: PaymentGateway, useClass: StripeGateway }],
  exports: [PaymentGateway],
})
export class GatewayModule {}
