import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { Metrics } from '../support/metrics';
import { aPayment, gatewayKey } from '../support/payments';
import { useWorld } from '../support/world';

const second = 1_000;
const units = [
  { unit: 'milliseconds', perSecond: 1e3 },
  { unit: 'microseconds', perSecond: 1e6 },
];

describe('a publisher whose timestamps are not in seconds', () => {
  const ttlSeconds = 3600;
  const world = useWorld({ env: { IDEMPOTENCY_TTL: String(ttlSeconds) } });
  const secondsAgo = (seconds: number, perSecond: number) =>
    Math.round((Date.now() / second - seconds) * perSecond);

  it.each(units)('in $unit: a request beyond IDEMPOTENCY_TTL is not charged', async ({ unit, perSecond }) => {
    const payment = aPayment();
    const before = await world.broker.deadLetters();
    const timestamp = secondsAgo(ttlSeconds + 60, perSecond);
    await world.broker.publishPayment(payment, { properties: { timestamp, appId: `shop-${unit}` } });
    const letters = await world.broker.waitForDeadLetters(before.length + 1);
    expect(letters.map(({ reason }) => reason)).toEqual(letters.map(() => 'outside-deduplication-window'));
    expect(await gatewayCalls(world.sandbox, payment)).toEqual([]);
  });

  it.each(units)('in $unit: a recent request is charged', async ({ unit, perSecond }) => {
    const payment = aPayment();
    const timestamp = secondsAgo(0, perSecond);
    await world.broker.publishPayment(payment, { properties: { timestamp, appId: `shop-${unit}` } });
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it.each(units)('in $unit: one warning is logged, and each request is counted', async ({ unit }) => {
    const warnings = world.service.logged({ publisher: `shop-${unit}`, problem: unit });
    expect(warnings).toHaveLength(1);
    const metrics = await Metrics.of(world.service);
    expect(metrics.value('payments_publisher_clock_problems_total', { problem: unit })).toBe(2);
  });
});

describe('a publisher whose clock is ahead', () => {
  const world = useWorld();
  const ahead = (seconds: number) => ({ timestamp: Math.floor(Date.now() / second) + seconds });

  it('by more than PUBLISHER_CLOCK_TOLERANCE: the request is an invalid-message dead letter', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment, { properties: ahead(600) });
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({
      reason: 'invalid-message',
      detail: expect.stringContaining('PUBLISHER_CLOCK_TOLERANCE'),
    });
    expect(await gatewayCalls(world.sandbox, payment)).toEqual([]);
  });

  it('by less: the request is charged and counted', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment, { properties: ahead(120) });
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    const metrics = await Metrics.of(world.service);
    expect(metrics.value('payments_publisher_clock_problems_total', { problem: 'ahead' })).toBe(2);
  });
});

describe.each([
  // The record lives as long as twice the tolerance: the tolerance is added to the age.
  { ttl: 4, tolerance: 2 },
  // The record lives shorter: Redis remembers for longer than the record that the key was finished.
  { ttl: 3, tolerance: 300 },
])('an expired record ($ttl s), and a publisher clock up to $tolerance s ahead', ({ ttl, tolerance }) => {
  const world = useWorld({
    env: {
      IDEMPOTENCY_TTL: String(ttl),
      IDEMPOTENCY_LEASE: String(ttl),
      PUBLISHER_CLOCK_TOLERANCE: String(tolerance),
    },
  });

  it('leaves no gap: a duplicate from that clock is a dead letter, though the gateway has forgotten the key', async () => {
    const payment = aPayment();
    const ahead = Math.min(tolerance, 120);
    const properties = { timestamp: Math.floor(Date.now() / second) + ahead };
    await world.broker.publishPayment(payment, { properties });
    await world.service.completedPayment(payment.idempotencyKey);
    await eventually(async () => expect(await world.redis.record(payment.idempotencyKey)).toBeUndefined());
    await world.sandbox.fault({ kind: 'forget-keys' });
    await world.broker.publishPayment(payment, { properties });
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'outside-deduplication-window' });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    await world.sandbox.clearFaults();
  });

  it('still charges a new request', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment);
    await eventually(async () => expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1));
  });
});
