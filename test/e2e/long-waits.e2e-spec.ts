import { eventually } from '../support/eventually';
import { aPayment, gatewayKey } from '../support/payments';
import type { Payment } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

const ttlSeconds = 3;
const env = { IDEMPOTENCY_TTL: String(ttlSeconds), IDEMPOTENCY_LEASE: '3' };
const patienceMs = 45_000;

async function publishAll(world: World, payments: readonly Payment[]): Promise<void> {
  for (const payment of payments) await world.broker.publishPayment(payment);
}

async function untilUnready(world: World): Promise<void> {
  await eventually(
    () => world.services.some(({ running }) => running) && world.service.answers('/health/ready', 503),
  );
}

/** What was published by now is then older than records live, with whole seconds to spare. */
async function untilOlderThanRecords(livesSeconds = ttlSeconds): Promise<void> {
  const from = Date.now();
  await eventually(() => Date.now() - from > (livesSeconds + 2) * 1000, { withinMs: patienceMs });
}

async function expectEachChargedOnce(world: World, payments: readonly Payment[]): Promise<void> {
  const expectOneChargeEach = async () => {
    const charges = await Promise.all(
      payments.map((payment) => world.sandbox.chargesFor(gatewayKey(payment))),
    );
    expect(charges.map(({ length }) => length)).toEqual(payments.map(() => 1));
  };
  await eventually(expectOneChargeEach, { withinMs: patienceMs });
  await eventually(() => world.broker.isDrained(), { withinMs: patienceMs });
  // What was still queued may have been charged once more.
  await expectOneChargeEach();
  expect(await world.broker.depth(deadLetterQueue)).toBe(0);
}

describe.each(['1', '50'])('credentials refused for longer than IDEMPOTENCY_TTL, prefetch %s', (prefetch) => {
  const world = useWorld({ env: { ...env, RABBITMQ_PREFETCH: prefetch } });
  const payments = Array.from({ length: 12 }, () => aPayment());

  it('charges all that waited once, whether delivered before or not, and leaves no dead letter', async () => {
    await world.sandbox.fault({ kind: 'unauthorized', times: 0 });
    await publishAll(world, payments);
    await untilUnready(world);
    await untilOlderThanRecords();
    await world.sandbox.clearFaults();
    await expectEachChargedOnce(world, payments);
  });
});

describe('credentials refused for longer than IDEMPOTENCY_TTL, and the process restarted meanwhile', () => {
  // Longer than a start takes: while nobody is there to wait, messages age.
  const longerSeconds = 12;
  const world = useWorld({ env: { ...env, IDEMPOTENCY_TTL: String(longerSeconds), RABBITMQ_PREFETCH: '1' } });
  const payments = Array.from({ length: 12 }, () => aPayment());

  it('charges all that waited once, and leaves no dead letter', async () => {
    await world.sandbox.fault({ kind: 'unauthorized', times: 0 });
    await publishAll(world, payments);
    await untilUnready(world);
    await world.service.kill();
    const next = await world.startService({ waitFor: 'live' });
    await eventually(() => next.answers('/health/ready', 503));
    await untilOlderThanRecords(longerSeconds);
    await world.sandbox.clearFaults();
    await expectEachChargedOnce(world, payments);
  });
});

describe('a duplicate of a forgotten charge that waited behind the pause', () => {
  const world = useWorld({ env: { ...env, RABBITMQ_PREFETCH: '1' } });
  const payment = aPayment();
  const other = aPayment();

  it('is looked up at the gateway, which has forgotten the key: nothing is charged again', async () => {
    const timestamp = Math.floor(Date.now() / 1000);
    await world.broker.publishPayment(payment, { properties: { timestamp } });
    await world.service.completedPayment(payment.idempotencyKey);
    await world.sandbox.fault({ kind: 'unauthorized', times: 0 });
    await world.broker.publishPayment(other);
    await world.broker.publishPayment(payment, { properties: { timestamp } });
    await untilUnready(world);
    await untilOlderThanRecords();
    await eventually(async () => expect(await world.redis.record(payment.idempotencyKey)).toBeUndefined());
    await world.sandbox.clearFaults();
    await world.sandbox.fault({ kind: 'forget-keys' });
    await world.service.completedPayment(other.idempotencyKey);
    await expectEachChargedOnce(world, [payment, other]);
  });
});

describe('Redis away for longer than IDEMPOTENCY_TTL', () => {
  const world = useWorld({ own: { redis: true }, env: { ...env, RABBITMQ_PREFETCH: '4' } });
  const payments = Array.from({ length: 12 }, () => aPayment());

  it('charges all that waited once, and leaves no dead letter', async () => {
    await world.redisServer.kill();
    await publishAll(world, payments);
    await untilUnready(world);
    await untilOlderThanRecords();
    await world.redisServer.restart();
    await expectEachChargedOnce(world, payments);
  });
});
