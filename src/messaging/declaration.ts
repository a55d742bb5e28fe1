import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Channel } from 'amqplib';
import { Environment } from '../config/environment';
import { EXCHANGES, OLD_BINDING, queues, workQueues } from './topology';

/**
 * Declares queues and bindings that are missing while the service runs: the library does so only when it connects. Also
 * removes a binding of earlier versions.
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
    // At each connect, after the queue is declared; unbinding is not an error if the binding does not exist.
    await this.connection.managedChannel.addSetup((channel: Channel) =>
      channel.unbindQueue(queue, exchange, routingKey),
    );
  }

  /** Declares every exchange, queue and binding again; concurrent calls share one run. Never rejects. */
  redeclare(): Promise<void> {
    this.declaring ??= this.declare()
      .catch((error: unknown) =>
        this.logger.error(`Queues and bindings could not be declared again: ${String(error)}`),
      )
      .finally(() => (this.declaring = undefined));
    return this.declaring;
  }

  private async declare(): Promise<void> {
    const { connection } = this.connection.managedConnection;
    if (!connection) return;
    this.logger.warn('A queue or binding is missing on RabbitMQ: declaring all of them again');
    // Its own channel: a declaration that the broker refuses closes it.
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    try {
      for (const { name, type = 'topic', options } of EXCHANGES)
        await channel.assertExchange(name, type, options);
      for (const queue of queues(this.environment)) await declareQueue(channel, queue);
    } finally {
      // Not awaited: if the connection dies meanwhile, the client never answers.
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
