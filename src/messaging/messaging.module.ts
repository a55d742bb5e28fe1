import { RabbitMQModule, type RabbitMQConfig } from '@golevelup/nestjs-rabbitmq';
import { Module } from '@nestjs/common';
import { Environment } from '../config/environment';
import { MetricsModule } from '../observability/metrics/metrics.module';
import { RedisModule } from '../redis/redis.module';
import { ChannelGuard } from './channel-guard';
import { ConnectionUpkeep } from './connection-upkeep';
import { Consumption } from './consumption';
import { ConsumptionMetrics } from './consumption.metrics';
import { Declaration } from './declaration';
import { EventPublisher } from './event-publisher';
import { readBody } from './message-body';
import { MessageEvents } from './message-events';
import { MessagePipeline } from './message.pipeline';
import { MessageMetrics } from './message.metrics';
import { MessagesInFlight } from './messages-in-flight';
import { Publisher } from './publisher';
import { PublisherClocks } from './publisher-clocks';
import { PublishingChannel } from './publishing-channel';
import { QueueMetrics } from './queue.metrics';
import { Settlement } from './settlement';
import { CONSUMER_CHANNEL, EXCHANGES, queues } from './topology';
import { WaitingTimes } from './waiting-times';

/** A dead peer is detected after about three heartbeats. */
const HEARTBEAT_SECONDS = 5;
const RECONNECT_SECONDS = 1;

/** The connection to RabbitMQ, its topology, and the pipeline that every message goes through. */
@Module({
  imports: [
    MetricsModule,
    RedisModule,
    RabbitMQModule.forRootAsync({
      inject: [Environment],
      useFactory: (environment: Environment): RabbitMQConfig => ({
        uri: environment.rabbitmqUrls,
        exchanges: EXCHANGES,
        queues: queues(environment),
        deserializer: (content, message) => readBody(content, message, environment.messageMaxBytes),
        channels: {
          topology: { default: true },
          [CONSUMER_CHANNEL]: { prefetchCount: environment.rabbitmqPrefetch },
        },
        registerHandlers: environment.appRoles.includes('consumer'),
        enableDirectReplyTo: false,
        // Without a broker the start does not fail: it waits, and /health/ready says so.
        connectionInitOptions: { wait: false },
        connectionManagerOptions: {
          heartbeatIntervalInSeconds: HEARTBEAT_SECONDS,
          reconnectTimeInSeconds: RECONNECT_SECONDS,
          // Without it (Nagle's algorithm) a publish can wait 40 ms for the acknowledgement of the TCP packet before it.
          connectionOptions: { noDelay: true, clientProperties: { connection_name: 'payment-consumer' } },
        },
      }),
    }),
  ],
  providers: [
    ChannelGuard,
    ConnectionUpkeep,
    Consumption,
    ConsumptionMetrics,
    Declaration,
    EventPublisher,
    MessageEvents,
    MessageMetrics,
    MessagePipeline,
    MessagesInFlight,
    Publisher,
    PublisherClocks,
    PublishingChannel,
    QueueMetrics,
    Settlement,
    WaitingTimes,
  ],
  exports: [
    RabbitMQModule,
    ChannelGuard,
    Consumption,
    EventPublisher,
    MessageEvents,
    MessagePipeline,
    MessagesInFlight,
    Publisher,
  ],
})
export class MessagingModule {}
