import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { aPayment, gatewayKey } from '../support/payments';
import type { Payment } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

async function expectKeyReusedDeadLetter(world: World, original: Payment): Promise<void> {
  const letter = await eventually(async () => {
    const found = (await world.broker.deadLetters()).find(
      ({ headers }) => headers['idempotency-key'] === original.idempotencyKey,
    );
    expect(found).toBeDefined();
    return found;
  });
  expect(letter).toMatchObject({ reason: 'idempotency-key-reused' });
}

describe('same key, different payload', () => {
  const world = useWorld({ services: 2, env: { IDEMPOTENCY_LEASE: '3' } });

  it.each([
    { field: 'amount', other: { amount: 1 } },
    { field: 'currency', other: { currency: 'EUR' } },
    { field: 'customerId', other: { customerId: 'CUST-002' } },
    { field: 'paymentId', other: { paymentId: 'PAY-OTHER' } },
    { field: 'paymentMethodId', other: { paymentMethodId: 'pm_card_mastercard' } },
  ])('after completion, $field differs: dead letter; the first record stays', async ({ other }) => {
    const original = aPayment();
    await world.broker.publishPayment(original);
    await world.service.completedPayment(original.idempotencyKey);
    const recorded = await world.redis.recordText(original.idempotencyKey);

    await world.broker.publishPayment({ ...original, ...other });
    await expectKeyReusedDeadLetter(world, original);
    expect(await world.redis.recordText(original.idempotencyKey)).toBe(recorded);
    expect(await world.sandbox.chargesFor(gatewayKey(original))).toHaveLength(1);
  });

  it('while the first is in progress, in the same process or another: dead letters; the first is charged', async () => {
    const original = aPayment({ amount: 10 });
    const trace = await world.broker.traceDeliveries();
    await world.beginSlowPayment(original, { ms: 2000 });
    const before = await world.broker.depth(deadLetterQueue);
    await world.broker.publishPayment({ ...original, amount: 11 }, { copies: 4 });

    await eventually(async () => expect(await world.broker.depth(deadLetterQueue)).toBe(before + 4));
    await world.service.completedPayment(original.idempotencyKey);
    await expectKeyReusedDeadLetter(world, original);
    expect(await world.sandbox.chargesFor(gatewayKey(original))).toMatchObject([{ amount: 1000 }]);
    expect(trace.final(original.idempotencyKey)).toBe(5);
  });

  it('while the first waits for its next attempt: dead letter; the first is charged', async () => {
    const original = aPayment({ amount: 10 });
    const trace = await world.broker.traceDeliveries();
    await world.sandbox.fault({
      kind: 'rate-limit',
      retryAfterSeconds: 2,
      matching: { idempotencyKey: gatewayKey(original) },
    });
    await world.broker.publishPayment(original);
    await eventually(() => trace.delayed(original.idempotencyKey).length > 0);
    await world.broker.publishPayment({ ...original, amount: 11 });

    await expectKeyReusedDeadLetter(world, original);
    await world.service.completedPayment(original.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(original))).toMatchObject([{ amount: 1000 }]);
  });
});

describe('same key, same payload in another notation', () => {
  const world = useWorld();

  it.each([
    {
      words: 'other order of fields',
      rewrite: (payment: Payment) => JSON.stringify(Object.fromEntries(Object.entries(payment).reverse())),
    },
    { words: 'white space', rewrite: (payment: Payment) => JSON.stringify(payment, undefined, 4) },
    {
      words: 'another way to write the number',
      rewrite: (payment: Payment) => JSON.stringify(payment).replace('99.99', '9.999e1'),
    },
    {
      words: 'escaped letters',
      rewrite: (payment: Payment) => JSON.stringify(payment).replace('CUST', '\\u0043UST'),
    },
  ])('is a duplicate: $words', async ({ rewrite }) => {
    const payment = aPayment();
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    const trace = await world.broker.traceDeliveries();
    await world.broker.publish(rewrite(payment), { headers: { 'idempotency-key': payment.idempotencyKey } });
    await eventually(() => trace.final(payment.idempotencyKey) === 1);

    const next = aPayment();
    await world.broker.publishPayment(next);
    await world.service.completedPayment(next.idempotencyKey);
    expect(await world.broker.deadLetters()).toEqual([]);
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1);
  });
});
