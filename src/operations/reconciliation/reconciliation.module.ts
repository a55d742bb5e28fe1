import { getRedisConnectionToken } from '@nestjs-modules/ioredis';
import { Module, type DynamicModule } from '@nestjs/common';
import type { Cluster, Redis } from 'ioredis';
import { ConfigModule } from '../../config/config.module';
import { Environment } from '../../config/environment';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { LedgerDatabase } from '../../ledger/ledger-database';
import { LedgerReader } from '../../ledger/ledger-reader';
import { connectToBroker } from '../../messaging/broker-connection';
import { GatewayCharges } from '../../payment/gateway/gateway-charges';
import { StripeCharges } from '../../payment/gateway/stripe-charges';
import { PaymentKeys } from '../../payment/payment-keys';
import { RedisModule } from '../../redis/redis.module';
import { untilReady } from '../../redis/until-ready';
import { RabbitMqView } from './rabbitmq-view';
import { Reconciliation } from './reconciliation';

/** Connects the comparison to its sources, with the service's settings and separate connections. */
@Module({})
export class ReconciliationModule {
  /** With the ledger, if there is one. It is only read: no migration runs here. */
  static forEnvironment({ databaseUrl }: Environment): DynamicModule {
    return {
      module: ReconciliationModule,
      imports: [ConfigModule, RedisModule],
      providers: [
        PaymentKeys,
        { provide: GatewayCharges, useClass: StripeCharges },
        ...(databaseUrl === '' ? [] : [LedgerDatabase, LedgerReader]),
        {
          provide: RabbitMqView,
          inject: [Environment, PaymentKeys],
          useFactory: async (environment: Environment, keys: PaymentKeys) =>
            new RabbitMqView(await connectToBroker(environment), environment.idempotencyLeaseMs, keys),
        },
        {
          provide: Reconciliation,
          inject: [
            getRedisConnectionToken(),
            GatewayCharges,
            RabbitMqView,
            { token: LedgerReader, optional: true },
          ],
          useFactory: async (
            redis: Redis | Cluster,
            gateway: GatewayCharges,
            broker: RabbitMqView,
            ledger?: LedgerReader,
          ) => {
            await untilReady(redis);
            return new Reconciliation(new RedisIdempotencyStore(redis), gateway, broker, ledger);
          },
        },
      ],
    };
  }
}
