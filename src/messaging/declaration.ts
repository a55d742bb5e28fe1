import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Channel } from 'amqplib';
import { Environment } from '../config/environment';
import { EXCHANGES, OLD_BINDING, queues, workQueues } from './topology';

/**
 * Declares what is missing on the broker while the service runs: the library does so only when it connects. Removes what
 * must not be there any more.
 */
@Injectable()
export class Declaration implements OnModuleInit {
  private readonly logger = new Logger(Declaration.name);
  private declaring: Promise<void> | undefined;

  constructor(
    private readonly connection: AmqpConnection,
    private readonly environment: Environment,
  ) {}

  async onModuleInit(): Promise<void> {
    const { queue, exchange, routingKey } = OLD_BINDING;
    if (!workQueues(this.environment).some(({ name }) => name === queue)) return;
    // At each connect, after the queue is declared; a binding that is not there is no error.
    await this.connection.managedChannel.addSetup((channel: Channel) =>
      channel.unbindQueue(queue, exchange, routingKey),
    );
  }

  /** Declares every exchange, queue and binding anew, once for all who ask meanwhile. Never rejects. */
  declareAnew(): Promise<void> {
    this.declaring ??= this.declare()
      .catch((error: unknown) => this.logger.error(`Nothing could be declared anew: ${String(error)}`))
      .finally(() => (this.declaring = undefined));
    return this.declaring;
  }

  private async declare(): Promise<void> {
    const { connection } = this.connection.managedConnection;
    if (!connection) return;
    this.logger.warn('A queue or binding is missing on RabbitMQ: declaring all of them anew');
    // Of its own: a declaration that the broker refuses closes the channel.
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    try {
      for (const { name, type = 'topic', options } of EXCHANGES)
        await channel.assertExchange(name, type, options);
      for (const queue of queues(this.environment)) await declareQueue(channel, queue);
    } finally {
      // Not waited for: when the connection dies meanwhile, the client never answers.
      channel.close().catch(() => undefined);
    }
  }
}

async function declareQueue(channel: Channel, queue: ReturnType<typeof queues>[number]): Promise<void> {
  const { name, exchange, routingKey, options } = queue;
  await channel.assertQueue(name, options);
  if (exchange !== undefined && typeof routingKey === 'string')
    await channel.bindQueue(name, exchange, routingKey);
}
