import { randomUUID } from 'node:crypto';
import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { ConfirmChannel, Message, Options } from 'amqplib';
import { SpanKind } from '@opentelemetry/api';
import { inSpan, withTrace } from '../tracing/spans';
import { ChannelGuard } from './channel-guard';

/** The broker did not confirm a message in time. It may be there or not: repeat it with the same idempotency key. */
export class PublishUnconfirmedError extends Error {
  override readonly name = 'PublishUnconfirmedError';
}

/** The broker sent a message back: no queue is bound where it was published to. */
export class PublishReturnedError extends Error {
  override readonly name = 'PublishReturnedError';
}

export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  readonly properties: Options.Publish;
}

/** A broker that blocks for a memory or disk alarm neither confirms nor refuses; after this long we call it unknown. */
const CONFIRM_TIMEOUT_MS = 5_000;

/** Opening a channel and declaring everything on it takes a fraction of this. */
const OPENING_MS = 1_000;

/** Publishes persistent messages and resolves only when the broker has taken responsibility for them. */
@Injectable()
export class Publisher implements OnModuleInit {
  /** Ids of messages that came back; a return arrives before the confirm of the same message. */
  private readonly returned = new Set<unknown>();
  private readonly inFlight = new Set<unknown>();

  constructor(
    private readonly connection: AmqpConnection,
    private readonly channels: ChannelGuard,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.connection.managedChannel.addSetup((channel: ConfirmChannel) => {
      channel.on('return', ({ properties }: Message) => {
        if (this.inFlight.has(properties.messageId)) this.returned.add(properties.messageId);
      });
      return Promise.resolve();
    });
  }

  /**
   * @throws PublishUnconfirmedError when there is no connection, no confirm came in time or the channel closed first:
   * the outcome is unknown
   * @throws PublishReturnedError when no queue took the message
   */
  publish(message: OutgoingMessage): Promise<void> {
    const { exchange, routingKey, properties } = message;
    const attributes = {
      'messaging.system': 'rabbitmq',
      'messaging.operation.type': 'send',
      'messaging.destination.name': exchange,
      'messaging.rabbitmq.destination.routing_key': routingKey,
    };
    return inSpan(`publish ${routingKey}`, { kind: SpanKind.PRODUCER, attributes }, () =>
      this.confirmed({
        ...message,
        properties: { ...properties, headers: withTrace(properties.headers) },
      }),
    );
  }

  private async confirmed({ exchange, routingKey, content, properties }: OutgoingMessage): Promise<void> {
    // The library would keep it in memory and send it whenever there is a connection again, long after we gave up.
    if (!(await this.channels.canPublishSoon(OPENING_MS))) {
      throw new PublishUnconfirmedError('RabbitMQ is not connected');
    }
    const messageId = properties.messageId ?? randomUUID();
    const options = {
      ...properties,
      messageId,
      persistent: true,
      mandatory: true,
      timeout: CONFIRM_TIMEOUT_MS,
    };
    this.inFlight.add(messageId);
    try {
      await this.connection.managedChannel.publish(exchange, routingKey, content, options);
    } catch (error) {
      this.returned.delete(messageId);
      throw new PublishUnconfirmedError(
        `RabbitMQ did not confirm a message to '${exchange}' (${routingKey}) within ${CONFIRM_TIMEOUT_MS} ms`,
        { cause: error },
      );
    } finally {
      this.inFlight.delete(messageId);
    }
    if (this.returned.delete(messageId)) {
      throw new PublishReturnedError(`RabbitMQ has no queue for a message to '${exchange}' (${routingKey})`);
    }
  }
}
