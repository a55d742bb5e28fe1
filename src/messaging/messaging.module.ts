import { RabbitMQModule, type RabbitMQConfig } from '@golevelup/nestjs-rabbitmq';
import { Module } from '@nestjs/common';
import { Environment } from '../config/environment';
import { MetricsModule } from '../observability/metrics.module';
import { ChannelGuard } from './channel-guard';
import { ConnectionUpkeep } from './connection-upkeep';
import { Consumption } from './consumption';
import { ConsumptionMetrics } from './consumption.metrics';
import { Deliveries } from './deliveries';
import { MessageMetrics } from './message.metrics';
import { Publisher } from './publisher';
import { QueueMetrics } from './queue.metrics';
import { Settlement } from './settlement';
import { CONSUMER_CHANNEL, EXCHANGES, queues } from './topology';

/** A dead peer is noticed after about three of these. */
const HEARTBEAT_SECONDS = 5;
const RECONNECT_SECONDS = 1;

/** The connection to RabbitMQ with everything declared on it, and what becomes of messages. */
@Module({
  imports: [
    MetricsModule,
    RabbitMQModule.forRootAsync({
      inject: [Environment],
      useFactory: (environment: Environment): RabbitMQConfig => ({
        uri: environment.rabbitmqUrls,
        exchanges: EXCHANGES,
        queues: queues(environment.idempotencyLeaseMs),
        channels: {
          publisher: { default: true },
          [CONSUMER_CHANNEL]: { prefetchCount: environment.rabbitmqPrefetch },
        },
        registerHandlers: environment.appRoles.includes('consumer'),
        enableDirectReplyTo: false,
        // A start without a broker waits for it, and says so through /health/ready, instead of failing.
        connectionInitOptions: { wait: false },
        connectionManagerOptions: {
          heartbeatIntervalInSeconds: HEARTBEAT_SECONDS,
          reconnectTimeInSeconds: RECONNECT_SECONDS,
          connectionOptions: { clientProperties: { connection_name: 'payment-consumer' } },
        },
      }),
    }),
  ],
  providers: [
    ChannelGuard,
    ConnectionUpkeep,
    Consumption,
    ConsumptionMetrics,
    Deliveries,
    MessageMetrics,
    Publisher,
    QueueMetrics,
    Settlement,
  ],
  exports: [RabbitMQModule, ChannelGuard, Consumption, Deliveries, Publisher, Settlement],
})
export class MessagingModule {}
