import type { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import type { ConfirmChannel, Message } from 'amqplib';
import { messageOf } from '../engine/failure';
import { BrokerUnavailableError, type OutboxMessage } from './outbox';

/** A broker with an alarm confirms nothing, and what it does not read stays in the memory of this process. */
const MOST_IN_FLIGHT = 1_000;

interface InFlight {
  readonly message: OutboxMessage;
  isReturned: boolean;
}

/**
 * The `publish` of an `OutboxRelay` for RabbitMQ, over the connection of @golevelup/nestjs-rabbitmq: persistent, with the
 * header `idempotency-key` (also the `messageId`) and the `timestamp` at which the message was written. It resolves when the
 * broker has confirmed the message, and rejects if no queue takes it: bind the queue, and it arrives.
 *
 * It opens channels of its own, one for each exchange: RabbitMQ closes a channel that publishes to an exchange which does not
 * exist. Without a connection it rejects with {@link BrokerUnavailableError}.
 *
 * @example
 * new OutboxRelay(pool, { publish: publishWith(amqpConnection) })
 */
export function publishWith(connection: AmqpConnection): (message: OutboxMessage) => Promise<void> {
  const channels = new Map<string, Promise<ExchangeChannel>>();
  const channelTo = (exchange: string): Promise<ExchangeChannel> => {
    const known = channels.get(exchange);
    if (known) return known;
    const opening = ExchangeChannel.open(connection, () => channels.delete(exchange));
    channels.set(exchange, opening);
    opening.catch(() => channels.delete(exchange));
    return opening;
  };
  return async (message) => (await channelTo(message.exchange)).publish(message);
}

/** A channel for messages to one exchange, until it closes. */
class ExchangeChannel {
  private readonly inFlight = new Set<InFlight>();
  /** Why it is closed. */
  private reason: unknown;

  private constructor(private readonly channel: ConfirmChannel) {
    channel.on('return', ({ properties }: Message) => this.returned(properties.messageId));
    // Without a listener, such an error would close the whole connection.
    channel.on('error', (error: unknown) => (this.reason = error));
  }

  static async open({ managedConnection }: AmqpConnection, closed: () => void): Promise<ExchangeChannel> {
    const { connection } = managedConnection;
    if (!connection) throw new BrokerUnavailableError('RabbitMQ is not connected');
    const channel = await connection.createConfirmChannel();
    channel.on('close', closed);
    return new ExchangeChannel(channel);
  }

  publish(message: OutboxMessage): Promise<void> {
    const { exchange, routingKey, content, headers, idempotencyKey, writtenAt } = message;
    const name = `a message to '${exchange}' (${routingKey})`;
    if (this.inFlight.size >= MOST_IN_FLIGHT)
      throw new Error(`RabbitMQ has not confirmed ${this.inFlight.size} earlier messages to '${exchange}'`);
    const properties = {
      headers,
      messageId: idempotencyKey,
      timestamp: Math.floor(writtenAt.getTime() / 1000),
      contentType: 'application/json',
      persistent: true,
      mandatory: true,
    };
    const sent: InFlight = { message, isReturned: false };
    return new Promise((resolve, reject) => {
      this.inFlight.add(sent);
      const answered = (error: unknown): void => {
        this.inFlight.delete(sent);
        const cause = this.reason ?? error;
        if (error) reject(new Error(`RabbitMQ did not confirm ${name}: ${messageOf(cause)}`, { cause }));
        else if (sent.isReturned) reject(new Error(`RabbitMQ has no queue for ${name}; bind one`));
        else resolve();
      };
      try {
        this.channel.publish(exchange, routingKey, Buffer.from(content), properties, answered);
      } catch (error) {
        // The client has counted it nevertheless: from here on each confirm would be matched with the wrong message.
        this.reason = error;
        answered(error);
        this.channel.close().catch(() => undefined);
      }
    });
  }

  /** The return arrives before the confirm. Of messages with one key, all in flight are published again. */
  private returned(messageId: unknown): void {
    for (const sent of this.inFlight) if (sent.message.idempotencyKey === messageId) sent.isReturned = true;
  }
}
