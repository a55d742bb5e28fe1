import { aPayment, gatewayKey } from '../support/payments';
import { workQueue } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

/** The lines of the service's log that report a pause. */
function pausesOf(world: World): string[] {
  return world.service.output.split('\n').filter((line) => line.includes('Consumption paused'));
}

describe.each([
  { answer: '403', kind: 'forbidden' },
  { answer: '401, though it accepts the API key', kind: 'unauthorized' },
] as const)('the gateway answers one payment with $answer', ({ kind }) => {
  const world = useWorld({ env: { PAYMENT_MAX_ATTEMPTS: '3' } });
  const bad = aPayment();
  const others = Array.from({ length: 10 }, () => aPayment());

  beforeAll(async () => {
    await world.sandbox.fault({ kind, times: 0, matching: { idempotencyKey: gatewayKey(bad) } });
    for (const payment of [bad, ...others]) await world.broker.publishPayment(payment);
  });

  it('counts an attempt of that payment only: retried, and in the end retries-exhausted', async () => {
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({
      reason: 'retries-exhausted',
      attempts: 3,
      headers: { 'idempotency-key': bad.idempotencyKey },
    });
  });

  it('charges the others in the meantime, and never pauses consumption', async () => {
    await Promise.all(others.map(({ idempotencyKey }) => world.service.completedPayment(idempotencyKey)));
    expect(await world.sandbox.charges()).toHaveLength(others.length);
    expect(pausesOf(world)).toEqual([]);
    expect(await world.broker.depth(workQueue)).toBe(0);
  });
});

describe('the gateway refuses a search with our API key (403), and replays a stored 5xx', () => {
  const world = useWorld();
  const payment = aPayment();

  it('the latest payments are listed instead, and the charge found there is recorded', async () => {
    await world.sandbox.fault({ kind: 'forbidden', times: 1, matching: { request: 'read' } });
    await world.sandbox.fault({
      kind: 'error-500',
      charged: true,
      matching: { idempotencyKey: gatewayKey(payment) },
    });
    await world.broker.publishPayment(payment);
    const { body } = await world.service.completedPayment(payment.idempotencyKey);
    expect(body).toMatchObject({ attempts: 2, result: { status: 'succeeded' } });
    expect(pausesOf(world)).toEqual([]);
  });
});
