import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import type { Channel, ConsumeMessage, GetMessage } from 'amqplib';
import { AmqpSession } from './amqp-session';
import { given, onVhost, vhostName } from './isolation';
import { Management } from './management';

const queue = 'bank.events';
/** Deliveries that its consumers have not acknowledged. */
const PREFETCH = 50;

/** A virtual host with the exchange `bank`, whose messages a queue takes, except those with the routing key `unbound`. */
export class OutboxBroker {
  private readonly connections: AmqpConnection[] = [];

  private constructor(
    readonly url: string,
    private readonly vhost: string,
    private readonly management: Management,
    private readonly session: AmqpSession,
  ) {}

  static async open({
    url = given('RABBITMQ_URL'),
    managementUrl = given('RABBITMQ_MANAGEMENT_URL'),
  } = {}): Promise<OutboxBroker> {
    const vhost = vhostName();
    const management = new Management(managementUrl);
    await management.createVhost(vhost);
    const own = onVhost(url, vhost);
    const broker = new OutboxBroker(own, vhost, management, new AmqpSession(own));
    await broker.onChannel(async (channel) => channel.assertQueue(queue, { durable: true }));
    await broker.declare('bank', 'paid');
    return broker;
  }

  /** Creates an exchange, and binds the queue. */
  async declare(exchange: string, routingKey: string): Promise<void> {
    await this.onChannel(async (channel) => {
      await channel.assertExchange(exchange, 'topic', { durable: true });
      await channel.bindQueue(queue, exchange, routingKey);
    });
  }

  /** A connection as applications have it. */
  async connect(): Promise<AmqpConnection> {
    const connection = new AmqpConnection({
      uri: this.url,
      connectionManagerOptions: { reconnectTimeInSeconds: 1 },
      // Tests that stop the broker would fill the log.
      logger: { log() {}, error() {}, warn() {} },
    });
    await connection.init();
    this.connections.push(connection);
    return connection;
  }

  /** All messages of the queue, oldest first, which removes them. */
  async take(): Promise<GetMessage[]> {
    return this.onChannel(async (channel) => {
      const messages: GetMessage[] = [];
      for (let message = await channel.get(queue); message; message = await channel.get(queue)) {
        messages.push(message);
        channel.ack(message);
      }
      return messages;
    });
  }

  /** Handles deliveries until the broker is closed; acknowledges those for which `handle` resolves, else delivers again. */
  async consume(handle: (message: ConsumeMessage) => Promise<unknown>): Promise<void> {
    const channel = await this.session.newChannel();
    await channel.prefetch(PREFETCH);
    await channel.consume(queue, (message) => {
      if (!message) return;
      handle(message).then(
        () => channel.ack(message),
        () => channel.nack(message),
      );
    });
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.session.close();
    await Promise.all(this.connections.map((connection) => connection.close()));
    await this.management.deleteVhost(this.vhost);
  }

  private onChannel<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    return this.session.withChannel(work);
  }
}

/** The idempotency key of a delivery. */
export function keyOf({ properties }: Pick<GetMessage, 'properties'>): string {
  return String(properties.headers?.['idempotency-key']);
}

/** Its content, which these tests publish as JSON. */
export function contentOf({ content }: GetMessage): unknown {
  return JSON.parse(content.toString('utf8'));
}
