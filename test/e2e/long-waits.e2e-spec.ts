import { eventually } from '../support/eventually';
import { aPayment, gatewayKey } from '../support/payments';
import type { Payment } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

const ttlSeconds = 3;
const env = { IDEMPOTENCY_TTL: String(ttlSeconds), IDEMPOTENCY_LEASE: '3' };
const recoveryMs = 45_000;

async function publishAll(world: World, payments: readonly Payment[]): Promise<void> {
  for (const payment of payments) await world.broker.publishPayment(payment);
}

async function untilUnready(world: World): Promise<void> {
  await eventually(
    () => world.services.some(({ running }) => running) && world.service.answers('/health/ready', 503),
  );
}

/** Waits until every message published so far is older than the lifetime of records, by whole seconds. */
async function untilOlderThanRecords(lifetimeSeconds = ttlSeconds): Promise<void> {
  const from = Date.now();
  await eventually(() => Date.now() - from > (lifetimeSeconds + 2) * 1000, { withinMs: recoveryMs });
}

async function expectEachChargedOnce(world: World, payments: readonly Payment[]): Promise<void> {
  const expectOneChargeEach = async () => {
    const charges = await Promise.all(
      payments.map((payment) => world.sandbox.chargesFor(gatewayKey(payment))),
    );
    expect(charges.map(({ length }) => length)).toEqual(payments.map(() => 1));
  };
  await eventually(expectOneChargeEach, { withinMs: recoveryMs });
  await eventually(() => world.broker.isDrained(), { withinMs: recoveryMs });
  // A message that was still queued may have caused a second charge.
  await expectOneChargeEach();
  expect(await world.broker.depth(deadLetterQueue)).toBe(0);
}

describe.each(['1', '50'])('credentials refused for longer than IDEMPOTENCY_TTL, prefetch %s', (prefetch) => {
  const world = useWorld({ env: { ...env, RABBITMQ_PREFETCH: prefetch } });
  const payments = Array.from({ length: 12 }, () => aPayment());

  it('charges every waiting payment once, delivered before or not, and leaves no dead letter', async () => {
    await world.sandbox.fault({ kind: 'unauthorized', times: 0 });
    await publishAll(world, payments);
    await untilUnready(world);
    await untilOlderThanRecords();
    await world.sandbox.clearFaults();
    await expectEachChargedOnce(world, payments);
  });
});

describe('credentials refused for longer than IDEMPOTENCY_TTL, with a restart of the process', () => {
  // Longer than a start takes: messages age while no process runs.
  const longerSeconds = 12;
  const world = useWorld({ env: { ...env, IDEMPOTENCY_TTL: String(longerSeconds), RABBITMQ_PREFETCH: '1' } });
  const payments = Array.from({ length: 12 }, () => aPayment());

  it('charges every waiting payment once, and leaves no dead letter', async () => {
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

describe('a duplicate that waited during a pause until its record had expired', () => {
  const world = useWorld({ env: { ...env, RABBITMQ_PREFETCH: '1' } });
  const payment = aPayment();
  const other = aPayment();

  it('is looked up at the gateway, which has forgotten the key: no second charge', async () => {
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

describe('Redis down for longer than IDEMPOTENCY_TTL', () => {
  const world = useWorld({ own: { redis: true }, env: { ...env, RABBITMQ_PREFETCH: '4' } });
  const payments = Array.from({ length: 12 }, () => aPayment());

  it('charges every waiting payment once, and leaves no dead letter', async () => {
    await world.redisServer.kill();
    await publishAll(world, payments);
    await untilUnready(world);
    await untilOlderThanRecords();
    await world.redisServer.restart();
    await expectEachChargedOnce(world, payments);
  });
});
