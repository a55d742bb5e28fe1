import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { aPayment, gatewayKey } from '../support/payments';
import { redisKeys } from '../support/redis';
import { useWorld } from '../support/world';

const isoInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;
const ttlSeconds = 3600;
const leaseSeconds = 5;

describe('new key, charge succeeds', () => {
  const world = useWorld({
    env: { IDEMPOTENCY_TTL: String(ttlSeconds), IDEMPOTENCY_LEASE: String(leaseSeconds) },
  });
  const payment = aPayment();
  const names = redisKeys(payment.idempotencyKey);

  beforeAll(async () => {
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
  });

  it('stores a record with the time, the result and the fingerprint', async () => {
    expect(await world.redis.record(payment.idempotencyKey)).toMatchObject({
      processedAt: expect.stringMatching(isoInstant),
      result: { status: 'succeeded' },
      fingerprint: expect.stringMatching(/.{16,}/),
    });
  });

  it('keeps the record for IDEMPOTENCY_TTL', async () => {
    const ttl = await world.redis.ttlSeconds(names.record);
    expect(ttl).toBeLessThanOrEqual(ttlSeconds);
    expect(ttl).toBeGreaterThan(ttlSeconds - 120);
  });

  it('leaves no lock', async () => {
    expect(await world.redis.lock(payment.idempotencyKey)).toBeNull();
  });

  it('stores nothing under another name', async () => {
    const all = await world.redis.client.keys(`*${payment.idempotencyKey}*`);
    expect(all).toEqual([names.record]);
  });

  it('holds a lock for its lease, with an expiry time, while the gateway has not answered', async () => {
    const slow = aPayment();
    await world.beginSlowPayment(slow, { ms: 1500 });
    const { lock } = redisKeys(slow.idempotencyKey);
    const [, until] = ((await world.redis.client.get(lock)) ?? '').split(' ');
    const remainingMs = Number(until) - Date.now();
    const ttl = await world.redis.ttlSeconds(lock);
    expect(remainingMs).toBeGreaterThan(0);
    expect(remainingMs).toBeLessThanOrEqual(leaseSeconds * 1000);
    expect(ttl).toBeGreaterThan(ttlSeconds - 120);
    expect(ttl).toBeLessThanOrEqual(ttlSeconds);
    await world.service.completedPayment(slow.idempotencyKey);
  });
});

describe('duplicate of a completed key', () => {
  const world = useWorld();

  it.each([
    { what: 'a charge', payment: aPayment(), status: 'succeeded' },
    {
      what: 'a refusal',
      payment: aPayment({ paymentMethodId: 'pm_card_visa_chargeDeclined' }),
      status: 'declined',
    },
  ])('gets the recorded result of $what: no second call to the gateway', async ({ payment, status }) => {
    const { idempotencyKey } = payment;
    await world.broker.publishPayment(payment);
    const first = await world.service.completedPayment(idempotencyKey);
    const recorded = await world.redis.recordText(idempotencyKey);

    const trace = await world.broker.traceDeliveries();
    await world.broker.publishPayment(payment, { copies: 2 });
    await eventually(() => trace.final(idempotencyKey) === 2);

    expect(first.body).toMatchObject({ result: { status } });
    expect(await world.redis.recordText(idempotencyKey)).toBe(recorded);
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1);
    expect(await world.service.payment(idempotencyKey)).toEqual(first);
  });
});

describe('new key, card declined', () => {
  const world = useWorld();
  const payment = aPayment({ paymentMethodId: 'pm_card_visa_chargeDeclinedInsufficientFunds' });

  beforeAll(async () => {
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
  });

  it('is recorded as declined with the decline code', async () => {
    const record = await world.redis.record(payment.idempotencyKey);
    expect(record).toMatchObject({ result: { status: 'declined' } });
    expect(JSON.stringify(record?.result)).toContain('insufficient_funds');
  });

  it('charges nothing', async () => {
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toEqual([]);
  });

  it('leaves no dead letter', async () => {
    expect(await world.broker.deadLetters()).toEqual([]);
  });
});
