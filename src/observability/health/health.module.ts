import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { AppRole } from '../../config/environment';
import { ConsumerHealth } from './consumer.health';
import { GatewayHealth } from './gateway.health';
import { HealthController } from './health.controller';
import { LedgerHealth } from './ledger.health';
import { MetricsModule } from '../metrics/metrics.module';
import { RabbitMqHealth } from './rabbitmq.health';
import { Readiness } from './readiness.service';
import { RedisHealth } from './redis.health';
import { RedisMetrics } from './redis.metrics';

/** Serves `GET /health/live` and `GET /health/ready`. */
@Module({})
export class HealthModule {
  /**
   * @param options.imports modules that export what is checked: `ChannelGuard`, `RedisServers` and, for a consumer,
   * `Consumption` and `PaymentGateway`
   */
  static forRoot({
    roles,
    hasLedger,
    imports,
  }: {
    roles: readonly AppRole[];
    hasLedger: boolean;
    imports: ModuleMetadata['imports'];
  }): DynamicModule {
    const consumes = roles.includes('consumer');
    return {
      module: HealthModule,
      imports: [TerminusModule, MetricsModule, ...(imports ?? [])],
      controllers: [HealthController],
      providers: [
        Readiness,
        RabbitMqHealth,
        RedisHealth,
        RedisMetrics,
        ...(consumes ? [ConsumerHealth, GatewayHealth] : []),
        ...(hasLedger ? [LedgerHealth] : []),
      ],
    };
  }
}
