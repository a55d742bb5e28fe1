import { setTimeout as sleep } from 'node:timers/promises';
import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger } from '@nestjs/common';
import { Gauge, Registry } from 'prom-client';
import { Environment } from '../config/environment';
import { readQueueDepths, type QueueDepth } from './queue-depths';
import { queues } from './topology';

/** Prometheus gives a scrape 10 s by default; the other metrics must not wait for a broker that does not answer. */
const READ_WITHIN_MS = 3_000;

/**
 * Shows how much waits in each queue. The broker is asked at each scrape, on a channel of its own. If it does not
 * answer in time there are no such samples: an old number would be wrong.
 */
@Injectable()
export class QueueMetrics {
  private readonly logger = new Logger(QueueMetrics.name);
  private readonly names: readonly string[];
  private reading: Promise<readonly QueueDepth[]> | undefined;
  private asking: Promise<readonly QueueDepth[]> | undefined;

  constructor(
    registry: Registry,
    environment: Environment,
    private readonly connection: AmqpConnection,
  ) {
    this.names = queues(environment).map(({ name }) => name);
    const show = (name: string, help: string, valueOf: (depth: QueueDepth) => number) => {
      const read = () => this.read();
      new Gauge({
        name,
        help,
        labelNames: ['queue'],
        registers: [registry],
        async collect() {
          const depths = await read();
          this.reset();
          for (const depth of depths) this.set({ queue: depth.queue }, valueOf(depth));
        },
      });
    };
    show('payments_queue_ready_messages', 'Messages that wait in a queue.', ({ ready }) => ready);
    show('payments_queue_consumers', 'Consumers of a queue, of all processes.', ({ consumers }) => consumers);
  }

  /** One reading serves all gauges of a scrape. */
  private read(): Promise<readonly QueueDepth[]> {
    const late = sleep(READ_WITHIN_MS, [], { ref: false });
    // While a request is pending no other is sent: each would open a channel of its own.
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    this.reading ??= Promise.race([this.asking, late]).finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async ask(): Promise<readonly QueueDepth[]> {
    const { connection } = this.connection.managedConnection;
    if (!connection) return [];
    const { depths, error } = await readQueueDepths(connection, this.names);
    if (error !== undefined) this.logger.warn(`Queue depths could not be read: ${error.message}`);
    return depths;
  }
}
