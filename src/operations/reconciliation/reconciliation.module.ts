import { getRedisConnectionToken } from '@nestjs-modules/ioredis';
import { Module } from '@nestjs/common';
import type { Cluster, Redis } from 'ioredis';
import { ConfigModule } from '../../config/config.module';
import { Environment } from '../../config/environment';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { connectToBroker } from '../../messaging/broker-connection';
import { PaymentLedger } from '../../payment/gateway/payment-ledger';
import { StripeLedger } from '../../payment/gateway/stripe-ledger';
import { PaymentKeys } from '../../payment/payment-keys';
import { RedisModule } from '../../redis/redis.module';
import { untilReady } from '../../redis/until-ready';
import { RabbitMqView } from './rabbitmq-view';
import { Reconciliation } from './reconciliation';

/** Connects the comparison to its sources, with the service's settings and separate connections. */
@Module({
  imports: [ConfigModule, RedisModule],
  providers: [
    PaymentKeys,
    { provide: PaymentLedger, useClass: StripeLedger },
    {
      provide: RabbitMqView,
      inject: [Environment, PaymentKeys],
      useFactory: async (environment: Environment, keys: PaymentKeys) =>
        new RabbitMqView(await connectToBroker(environment), environment.idempotencyLeaseMs, keys),
    },
    {
      provide: Reconciliation,
      inject: [getRedisConnectionToken(), PaymentLedger, RabbitMqView],
      useFactory: async (redis: Redis | Cluster, ledger: PaymentLedger, broker: RabbitMqView) => {
        await untilReady(redis);
        return new Reconciliation(new RedisIdempotencyStore(redis), ledger, broker);
      },
    },
  ],
})
export class ReconciliationModule {}
