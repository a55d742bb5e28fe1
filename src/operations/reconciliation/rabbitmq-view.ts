import type { OnApplicationShutdown } from '@nestjs/common';
import type { ChannelModel } from 'amqplib';
import { claimedKeyOf } from '../dead-letters/attempt-counts';
import { BrokerSteps } from '../dead-letters/broker-steps';
import type { DeadLetter } from '../dead-letters/dead-letter';
import { DeadLetters } from '../dead-letters/dead-letters';
import type { PaymentKeys } from '../../payment/payment-keys';
import { readQueueDepths } from '../../messaging/queue-depths';
import { CHARGES, retryDelaysMs, retryQueue } from '../../messaging/topology';
import type { BrokerView } from './reconciliation';

const CLOSE_WITHIN_MS = 2_000;

/** Reads the broker through its own connection. */
export class RabbitMqView implements BrokerView, OnApplicationShutdown {
  constructor(
    private readonly connection: ChannelModel,
    private readonly leaseMs: number,
    private readonly keys: PaymentKeys,
  ) {}

  /** Each with the key it was processed under. Without details: they are not compared and take most of the memory. */
  async deadLetters(): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = [];
    const openChannel = () => this.connection.createConfirmChannel();
    const all = new DeadLetters({ openChannel, attempts: () => Promise.resolve(0) });
    await all.each(({ idempotencyKey, ...letter }) => {
      const key = claimedKeyOf({ ...letter, idempotencyKey }, this.keys);
      letters.push({ ...letter, ...(key !== undefined && { idempotencyKey: key }), detail: '' });
    });
    return letters;
  }

  /** Without messages in flight: their payments have a lease, or soon a record or a waiting copy. */
  async waitingMessages(): Promise<number> {
    const retries = retryDelaysMs(this.leaseMs).map((delayMs) => retryQueue(CHARGES, delayMs));
    const { depths, error } = await new BrokerSteps().run('count the waiting messages', () =>
      readQueueDepths(this.connection, [CHARGES.name, ...retries]),
    );
    if (error !== undefined) throw error;
    return depths.reduce((sum, { ready }) => sum + ready, 0);
  }

  async onApplicationShutdown(): Promise<void> {
    // A broker that does not answer must not keep a finished command alive.
    await new BrokerSteps(CLOSE_WITHIN_MS)
      .run('close the connection', () => this.connection.close())
      .catch(() => undefined);
  }
}
