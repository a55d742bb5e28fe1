import { Module } from '@nestjs/common';
import { PaymentActivity } from './payment-activity';

/** One place to watch payments from, for the publisher's side and the consumer's. */
@Module({ providers: [PaymentActivity], exports: [PaymentActivity] })
export class PaymentActivityModule {}
