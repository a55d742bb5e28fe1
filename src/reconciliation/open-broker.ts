import type { OnApplicationShutdown } from '@nestjs/common';
import type { ChannelModel } from 'amqplib';
import type { DeadLetter } from '../dead-letters/dead-letter';
import { DeadLetters } from '../dead-letters/dead-letters';
import { CHARGES, retryDelaysMs, retryQueue } from '../messaging/topology';
import type { BrokerView } from './reconciliation';

/** The broker, as a connection of its own sees it. */
export class OpenBroker implements BrokerView, OnApplicationShutdown {
  constructor(
    private readonly connection: ChannelModel,
    private readonly leaseMs: number,
  ) {}

  async deadLetters(): Promise<DeadLetter[]> {
    const all = new DeadLetters({
      openChannel: () => this.connection.createConfirmChannel(),
      attempts: () => Promise.resolve(0),
    });
    return (await all.list(Number.POSITIVE_INFINITY)).deadLetters;
  }

  /** Those that a consumer holds are not among them: their payments have a lease. */
  async waitingMessages(): Promise<number> {
    const retries = retryDelaysMs(this.leaseMs).map((delayMs) => retryQueue(CHARGES, delayMs));
    const counts = await Promise.all([CHARGES.name, ...retries].map((queue) => this.ready(queue)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }

  private async ready(queue: string): Promise<number> {
    // A queue that is missing closes the channel.
    const channel = await this.connection.createChannel();
    channel.on('error', () => undefined);
    const { messageCount } = await channel.checkQueue(queue);
    await channel.close();
    return messageCount;
  }
}
