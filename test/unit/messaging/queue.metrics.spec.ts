import type { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Registry } from 'prom-client';
import type { Environment } from '../../../src/config/environment';
import { QueueMetrics } from '../../../src/messaging/queue.metrics';

describe('the depths of the queues', () => {
  it('are requested once while the broker does not answer, even if they are scraped again', async () => {
    let channels = 0;
    const createChannel = () => {
      channels += 1;
      return new Promise(() => undefined);
    };
    const connection = { managedConnection: { connection: { createChannel } } };
    const registry = new Registry();
    new QueueMetrics(
      registry,
      { idempotencyLeaseMs: 1_000 } as Environment,
      connection as unknown as AmqpConnection,
    );

    const first = await registry.metrics();
    const second = registry.metrics();
    expect(first).not.toMatch(/^payments_queue_ready_messages\{/m);
    expect(channels).toBe(1);
    await second;
  });
});
