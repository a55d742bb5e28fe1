import { FaultyProxy } from '../faults/proxy';
import { eventually } from '../support/eventually';
import { keptBy, tellsWhatItKeeps } from '../support/kept';
import { aPayment, gatewayKey } from '../support/payments';
import type { Service } from '../support/service';
import { useWorld } from '../support/world';

/** So many that a leak of one object for each reconnect is unmistakable. */
const RECONNECTS = 20;
const withinMs = 240_000;

describe('broker connections that are lost again and again', () => {
  const world = useWorld({ services: 0 });
  let proxy: FaultyProxy;
  let service: Service;

  beforeAll(async () => {
    proxy = await FaultyProxy.inFrontOf(world.broker.url);
    service = await world.startService({
      rabbitmqUrl: proxy.urlFor(world.broker.url),
      nodeArgs: tellsWhatItKeeps,
    });
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
    'leaks nothing: there are as many consumers and listeners as before',
    async () => {
      const before = await keptBy(service);
      for (let time = 0; time < RECONNECTS; time++) await reconnect();
      expect(await keptBy(service)).toEqual(before);
      expect(before).toMatchObject({
        'AmqpConnection._consumers': expect.any(Number),
        'AmqpConnection._managedConnection listeners': expect.any(Number),
        'AmqpConnection._managedChannels.topology._setups': expect.any(Number),
        'Consumption.stale': 0,
        'PublishingChannel.current.inFlight': 0,
        // Nagle's algorithm would hold a publish back for up to 40 ms, until the broker's kernel acknowledges the one before.
        'AmqpConnection sends at once': true,
      });
      const payment = aPayment();
      await world.broker.publishPayment(payment);
      await service.completedPayment(payment.idempotencyKey);
      expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    },
    withinMs,
  );
});
