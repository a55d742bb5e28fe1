import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable } from '@nestjs/common';
import { Environment } from '../../config/environment';
import { readQueueDepths } from '../../messaging/queue-depths';
import { CHARGES, DEAD_LETTER, retryDelaysMs, retryQueue } from '../../messaging/topology';
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
    const { connection } = this.amqp.managedConnection;
    if (!connection) return null;
    const names = [CHARGES.name, DEAD_LETTER, ...this.retryQueues];
    const { depths, error } = await readQueueDepths(connection, names);
    if (error !== undefined) return null;
    const [ready = 0, dead = 0, ...waiting] = depths.map((depth) => depth.ready);
    return { ready, dead, waiting: waiting.reduce((all, one) => all + one, 0) };
  }
}
