import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { ConfirmChannel } from 'amqplib';
import { reconnect } from './connection-upkeep';

type ChannelWrapper = AmqpConnection['managedChannel'];

/** Prevents a hot loop if a new channel fails at once. */
const RECONNECT_DELAY_MS = 1_000;

/**
 * Watches the channels, and reconnects when the broker closes one but not the connection: amqp-connection-manager opens
 * channels only when it connects, so the channel would stay closed without a log line.
 */
@Injectable()
export class ChannelGuard implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(ChannelGuard.name);
  private readonly open = new Set<ChannelWrapper>();
  private stopping = false;

  constructor(private readonly connection: AmqpConnection) {}

  /** Every channel is open and its queues and bindings are declared, so published messages are routed. */
  get ready(): boolean {
    return Object.values(this.connection.managedChannels).every((wrapper) => this.open.has(wrapper));
  }

  async onModuleInit(): Promise<void> {
    await Promise.all(Object.values(this.connection.managedChannels).map((wrapper) => this.guard(wrapper)));
  }

  beforeApplicationShutdown(): void {
    this.stopping = true;
  }

  private async guard(wrapper: ChannelWrapper): Promise<void> {
    const markOpen = () => this.open.add(wrapper);
    wrapper.on('connect', markOpen);
    await wrapper.addSetup((channel: ConfirmChannel) => {
      this.watch(channel, () => this.open.delete(wrapper));
      return Promise.resolve();
    });
    // The channel may have been set up before this listener was added.
    void wrapper.waitForConnect().then(markOpen);
  }

  private watch(channel: ConfirmChannel, onClose: () => void): void {
    const { connection } = this.connection.managedConnection;
    // Without a listener an error that closes the channel would close the whole connection as an unexpected frame.
    channel.on('error', (error: Error) =>
      this.logger.error(`RabbitMQ closed a channel: ${withAdvice(error.message)}`),
    );
    channel.on('close', () => {
      onClose();
      setTimeout(() => {
        const sameConnection = this.connection.managedConnection.connection === connection;
        if (sameConnection && !this.stopping) reconnect(this.connection.managedConnection);
      }, RECONNECT_DELAY_MS).unref();
    });
  }
}

function withAdvice(message: string): string {
  return message.includes('PRECONDITION_FAILED - inequivalent arg')
    ? `${message}. The queue was declared with other settings before. They cannot be changed: move its messages ` +
        'to another queue and delete it, or restore the old settings. The service deletes no queue.'
    : message;
}
