import { BrokerGate } from '../support/broker-gate';
import { eventually } from '../support/eventually';
import { aPayment } from '../support/payments';
import { deadLetterQueue, routingKey } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

const probe = 'payments.publish-probe';
const patienceMs = 30_000;

/** A service that reaches the broker through a gate. */
async function startBehindGate(world: World): Promise<BrokerGate> {
  const gate = await BrokerGate.inFrontOf(world.broker.url);
  await world.startService({ rabbitmqUrl: gate.url });
  return gate;
}

async function untilUnready(world: World): Promise<void> {
  await eventually(
    async () => {
      const ready = await world.service.get('/health/ready');
      expect(ready.status).toBe(503);
      expect(JSON.stringify(ready.body)).toContain('does not confirm what is published');
    },
    { withinMs: patienceMs },
  );
}

describe('a queue that takes messages and does not confirm them, while others do', () => {
  const world = useWorld({ services: 0 });
  let gate: BrokerGate;

  beforeAll(async () => {
    gate = await startBehindGate(world);
    gate.withholdConfirms(deadLetterQueue);
    await world.broker.publishRaw('not JSON', []);
    await untilUnready(world);
  });
  afterAll(() => gate.close());

  it('keeps readiness red, whatever else the broker confirms', async () => {
    const probesSent = () => gate.published.filter((key) => key === probe).length;
    await eventually(() => probesSent() > 8, { withinMs: patienceMs });
    expect(await world.service.get('/health/ready')).toMatchObject({ status: 503 });
  });

  it('gets each message once, however long that takes', async () => {
    gate.releaseConfirms();
    await world.service.untilHealthy('ready', patienceMs);
    await eventually(() => world.broker.isDrained());
    expect(await world.broker.depth(deadLetterQueue)).toBe(1);
  });
});

describe('a broker that takes no messages because of an alarm', () => {
  const world = useWorld({ services: 0 });
  const payment = aPayment();
  let gate: BrokerGate;

  beforeAll(async () => {
    gate = await startBehindGate(world);
    gate.block();
    await untilUnready(world);
  });
  afterAll(() => gate.close());

  it('is sent none: a publish fails at once, and is not made later', async () => {
    expect(await world.service.postPayment(payment)).toMatchObject({ status: 503 });
    expect(gate.published).not.toContain(routingKey);
  });

  it('is sent them again when the alarm is over', async () => {
    gate.unblock();
    await world.service.untilHealthy('ready', patienceMs);
    expect(await world.service.postPayment(payment)).toMatchObject({ status: 202 });
    await world.service.completedPayment(payment.idempotencyKey);
  });
});
