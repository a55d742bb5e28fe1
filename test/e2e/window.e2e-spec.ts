import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { aPayment, gatewayKey } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

const ttlSeconds = 3600;
/** Default of PUBLISHER_CLOCK_TOLERANCE. */
const toleranceSeconds = 300;

function secondsAgo(seconds: number): { timestamp: number } {
  return { timestamp: Math.floor(Date.now() / 1000) - seconds };
}

describe('no record, and the message is older than IDEMPOTENCY_TTL', () => {
  const world = useWorld({ env: { IDEMPOTENCY_TTL: String(ttlSeconds) } });

  it('is a dead letter: outside-deduplication-window; nothing is charged on a guess', async () => {
    const payment = aPayment();
    const properties = secondsAgo(ttlSeconds + 60);
    await world.broker.publishPayment(payment, { properties });
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'outside-deduplication-window', properties });
    expect(await gatewayCalls(world.sandbox, payment)).toEqual([]);
  });

  it('is charged while it is younger than that', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment, {
      properties: secondsAgo(ttlSeconds - toleranceSeconds - 120),
    });
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('is answered from its record where there is one', async () => {
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

  it('keeps its time stamp while it waits for another attempt', async () => {
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

describe('first attempt longer ago than the gateway keeps keys (GATEWAY_KEY_RETENTION), and no record', () => {
  const world = useWorld({ env: { GATEWAY_KEY_RETENTION: '1' } });

  it('is looked up at the gateway and recorded where it charged, though the gateway has forgotten the key', async () => {
    const payment = aPayment();
    const matching = { idempotencyKey: gatewayKey(payment) };
    await world.sandbox.fault({ kind: 'drop-after', matching });
    await world.broker.publishPayment(payment);
    await eventually(async () => expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1));
    // Should the second attempt come within that second, it is put off until after it.
    await world.sandbox.fault({ kind: 'rate-limit', retryAfterSeconds: 2, matching });
    await world.sandbox.fault({ kind: 'forget-keys', matching });
    const { body } = await world.service.completedPayment(payment.idempotencyKey);
    expect(body).toMatchObject({ result: { status: 'succeeded' } });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('is a dead letter where it did not charge: gateway-outcome-unknown; never charged on a guess', async () => {
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
