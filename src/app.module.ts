import { getRedisConnectionToken } from '@nestjs-modules/ioredis';
import { Module, type DynamicModule } from '@nestjs/common';
import type { Cluster, Redis } from 'ioredis';
import { Registry } from 'prom-client';
import { ConfigModule } from './config/config.module';
import { Environment } from './config/environment';
import { DeadLettersModule } from './operations/dead-letters/dead-letters.module';
import { IdempotencyEvents, IdempotencyModule } from 'nestjs-idempotent';
import { rabbitmq } from 'nestjs-idempotent/rabbitmq';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { LedgerModule } from './ledger/ledger.module';
import { MessagingModule } from './messaging/messaging.module';
import { NotificationModule } from './notification/notification.module';
import { HealthModule } from './observability/health/health.module';
import { IdempotencyMetrics } from './observability/metrics/idempotency.metrics';
import { LoggingModule } from './observability/logging/logging.module';
import { MetricsModule } from './observability/metrics/metrics.module';
import { ObservedStore } from './observability/metrics/observed-store';
import { StartReportModule } from './observability/start-report/start-report.module';
import { PaymentPublisherModule } from './payment-publisher/payment-publisher.module';
import { GatewayModule } from './payment/gateway/gateway.module';
import { PAYMENT_SCOPE } from './payment/payment.dto';
import { PaymentModule } from './payment/payment.module';
import { RedisModule } from './redis/redis.module';
import { traceparent } from './observability/tracing/spans';
import { TracingModule } from './observability/tracing/tracing.module';

/** The service: modules by role. */
@Module({})
export class AppModule {
  /** @param development modules that are not part of the production image */
  static forEnvironment(environment: Environment, development: readonly DynamicModule[]): DynamicModule {
    const { appRoles, databaseUrl, devEndpoints, readApi, smtpUrl } = environment;
    return {
      module: AppModule,
      imports: [
        ConfigModule,
        LoggingModule,
        TracingModule,
        RedisModule,
        ...(databaseUrl === '' ? [] : [LedgerModule.forRoot({ readApi })]),
        MessagingModule,
        IdempotencyModule.forRootAsync({
          imports: [MetricsModule],
          inject: [getRedisConnectionToken(), Environment, Registry],
          useFactory: (redis: Redis | Cluster, environment: Environment, registry: Registry) => ({
            store: new ObservedStore(new RedisIdempotencyStore(redis), registry),
            ttlSeconds: environment.idempotencyTtlSeconds,
            leaseMs: environment.idempotencyLeaseMs,
            clockToleranceMs: environment.publisherClockToleranceMs,
            origin: traceparent,
            handlers: [rabbitmq({ acknowledgeTogether: true })],
            defaults: { requireTimestamp: environment.requireTimestamp },
          }),
        }),
        HealthModule.forRoot({
          roles: appRoles,
          hasLedger: databaseUrl !== '',
          imports: [MessagingModule, RedisModule, GatewayModule],
        }),
        StartReportModule,
        MetricsModule,
        ...(appRoles.includes('consumer') ? [PaymentModule.forEnvironment(environment)] : []),
        ...(appRoles.includes('consumer') && smtpUrl !== '' ? [NotificationModule] : []),
        ...(devEndpoints ? [DeadLettersModule] : []),
        ...development,
        ...(appRoles.includes('publisher') ? [PaymentPublisherModule.forRoot({ devEndpoints })] : []),
      ],
      providers: [
        {
          provide: IdempotencyMetrics,
          inject: [Registry, IdempotencyEvents],
          useFactory: (registry: Registry, events: IdempotencyEvents) =>
            new IdempotencyMetrics(registry, events, [PAYMENT_SCOPE]),
        },
      ],
    };
  }
}
