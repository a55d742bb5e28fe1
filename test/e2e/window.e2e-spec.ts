import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { aPayment, gatewayKey } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

const ttlSeconds = 3600;
/** The default of PUBLISHER_CLOCK_TOLERANCE. */
const toleranceSeconds = 300;

function secondsAgo(seconds: number): { timestamp: number } {
  return { timestamp: Math.floor(Date.now() / 1000) - seconds };
}

describe('no record, and the message is older than IDEMPOTENCY_TTL', () => {
  const world = useWorld({ env: { IDEMPOTENCY_TTL: String(ttlSeconds) } });

  it('it is a dead letter, outside-deduplication-window, and is not charged', async () => {
    const payment = aPayment();
    const properties = secondsAgo(ttlSeconds + 60);
    await world.broker.publishPayment(payment, { properties });
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'outside-deduplication-window', properties });
    expect(await gatewayCalls(world.sandbox, payment)).toEqual([]);
  });

  it('a younger message is charged', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment, {
      properties: secondsAgo(ttlSeconds - toleranceSeconds - 120),
    });
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('an older message with a record is a duplicate', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    const letters = await world.broker.depth(deadLetterQueue);

    const trace = await world.broker.traceDeliveries();
    await world.broker.publishPayment(payment, { properties: secondsAgo(ttlSeconds + 60) });
    await eventually(() => trace.final(payment.idempotencyKey) === 1);
    const next = aPayment();
    await world.broker.publishPayment(next);
    await world.service.completedPayment(next.idempotencyKey);
    expect(await world.broker.depth(deadLetterQueue)).toBe(letters);
  });

  it('a delayed message keeps its timestamp', async () => {
    const payment = aPayment();
    const properties = secondsAgo(100);
    const trace = await world.broker.traceDeliveries();
    await world.sandbox.fault({
      kind: 'error-500-unstored',
      matching: { idempotencyKey: gatewayKey(payment) },
    });
    await world.broker.publishPayment(payment, { properties });
    await world.service.completedPayment(payment.idempotencyKey);
    expect(trace.deliveries(payment.idempotencyKey).map(({ timestamp }) => timestamp)).toEqual(
      trace.deliveries(payment.idempotencyKey).map(() => properties.timestamp),
    );
  });
});

describe('no record, and the first attempt is older than GATEWAY_KEY_RETENTION', () => {
  const world = useWorld({ env: { GATEWAY_KEY_RETENTION: '1' } });

  it('a payment that was charged is found at the gateway and recorded, though the gateway has forgotten the key', async () => {
    const payment = aPayment();
    const matching = { idempotencyKey: gatewayKey(payment) };
    await world.sandbox.fault({ kind: 'drop-after', matching });
    await world.broker.publishPayment(payment);
    await eventually(async () => expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1));
    // If the second attempt comes within the retention of 1 s, the rate limit delays it until later.
    await world.sandbox.fault({ kind: 'rate-limit', retryAfterSeconds: 2, matching });
    await world.sandbox.fault({ kind: 'forget-keys', matching });
    const { body } = await world.service.completedPayment(payment.idempotencyKey);
    expect(body).toMatchObject({ result: { status: 'succeeded' } });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('a payment that was not charged is a dead letter, gateway-outcome-unknown, and is not charged', async () => {
    const payment = aPayment();
    await world.sandbox.fault({
      kind: 'rate-limit',
      retryAfterSeconds: 2,
      matching: { idempotencyKey: gatewayKey(payment) },
    });
    await world.broker.publishPayment(payment);
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'gateway-outcome-unknown' });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toEqual([]);
  });
});
