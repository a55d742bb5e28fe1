import { resolve } from 'node:path';
import { FaultyProxy } from '../faults/proxy';
import { eventually } from '../support/eventually';
import { isJsonObject } from '../support/json';
import type { JsonObject } from '../support/json';
import { aPayment, gatewayKey } from '../support/payments';
import type { Service } from '../support/service';
import { useWorld } from '../support/world';

const preload = ['scripts/typescript.js', 'test/support/kept-by-connections.ts'].flatMap((file) => [
  '--require',
  resolve(__dirname, '../..', file),
]);
/** Enough that one more for each of them cannot be taken for anything else. */
const RECONNECTS = 20;
const withinMs = 240_000;

/** How much the service holds for its connections. */
async function keptBy(service: Service): Promise<JsonObject> {
  const before = reports(service).length;
  void service.signal('SIGUSR2');
  return eventually(() => {
    const [report] = reports(service).slice(before);
    if (report === undefined) throw new Error('the service has not said what it keeps');
    return report;
  });
}

function reports(service: Service): JsonObject[] {
  return service.logs.map(({ kept }) => kept).filter(isJsonObject);
}

describe('a broker whose connections are lost again and again', () => {
  const world = useWorld({ services: 0 });
  let proxy: FaultyProxy;
  let service: Service;

  beforeAll(async () => {
    proxy = await FaultyProxy.inFrontOf(world.broker.url);
    service = await world.startService({ rabbitmqUrl: proxy.urlFor(world.broker.url), nodeArgs: preload });
  }, 120_000);
  afterAll(() => proxy.close());

  async function reconnect(): Promise<void> {
    proxy.begin('reset');
    await eventually(() => service.answers('/health/ready', 503));
    proxy.end();
    await service.untilHealthy('ready', 60_000);
    await eventually(async () => expect(await world.broker.consumerCount()).toBe(1));
  }

  it(
    'leaves nothing behind: consumers and listeners are as many as before',
    async () => {
      const before = await keptBy(service);
      for (let time = 0; time < RECONNECTS; time++) await reconnect();
      expect(await keptBy(service)).toEqual(before);
      expect(before).toMatchObject({
        'AmqpConnection._consumers': expect.any(Number),
        'AmqpConnection._managedConnection listeners': expect.any(Number),
        'Consumption.stale': 0,
      });
      const payment = aPayment();
      await world.broker.publishPayment(payment);
      await service.completedPayment(payment.idempotencyKey);
      expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    },
    withinMs,
  );
});
