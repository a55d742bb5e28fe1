import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable } from '@nestjs/common';
import { Environment } from '../config/environment';
import { CHARGES, DEAD_LETTER, retryDelaysMs, retryQueue } from '../messaging/topology';
import type { QueueDepths as Depths } from './activity';

/** Reads how many messages wait in the broker. */
@Injectable()
export class QueueDepths {
  private readonly retryQueues: readonly string[];

  constructor(
    private readonly amqp: AmqpConnection,
    { idempotencyLeaseMs }: Environment,
  ) {
    this.retryQueues = retryDelaysMs(idempotencyLeaseMs).map((delayMs) => retryQueue(CHARGES, delayMs));
  }

  /** Null when the broker does not answer. */
  async read(): Promise<Depths | null> {
    try {
      const channel = await this.amqp.managedConnection.connection?.createChannel();
      if (!channel) return null;
      // A missing queue closes the channel, and the pending call is rejected.
      channel.on('error', () => undefined);
      const depthOf = async (queue: string) => (await channel.checkQueue(queue)).messageCount;
      const [ready, dead, ...waiting] = await Promise.all(
        [CHARGES.name, DEAD_LETTER, ...this.retryQueues].map(depthOf),
      );
      await channel.close();
      return { ready: ready ?? 0, dead: dead ?? 0, waiting: waiting.reduce((all, one) => all + one, 0) };
    } catch {
      return null;
    }
  }
}
