import type { DeadLetter } from '../support/dead-letter';
import type { FaultRequest } from '../support/sandbox';
import { eventually } from '../support/eventually';
import { GatewayClient } from '../support/gateway-client';
import { gatewayCalls } from '../support/gateway-calls';
import { aPayment, gatewayKey } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

describe('gateway time-out, connection failure, 5xx, 429, 409', () => {
  const world = useWorld({ env: { STRIPE_TIMEOUT: '1' } });
  const failures: { failure: string; fault: FaultRequest; payment: ReturnType<typeof aPayment> }[] = [
    {
      failure: 'a time-out before charging',
      fault: { kind: 'delay', delayMs: 2500, when: 'before' },
      payment: aPayment(),
    },
    {
      failure: 'a time-out after charging',
      fault: { kind: 'delay', delayMs: 2500, when: 'after' },
      payment: aPayment(),
    },
    { failure: 'a connection lost before charging', fault: { kind: 'drop-before' }, payment: aPayment() },
    { failure: 'a connection lost after charging', fault: { kind: 'drop-after' }, payment: aPayment() },
    { failure: 'a 500', fault: { kind: 'error-500-unstored' }, payment: aPayment() },
    { failure: 'a 429', fault: { kind: 'rate-limit' }, payment: aPayment() },
    { failure: 'a 409', fault: { kind: 'conflict' }, payment: aPayment() },
  ];

  beforeAll(async () => {
    for (const { fault, payment } of failures) {
      await world.sandbox.fault({ ...fault, matching: { idempotencyKey: gatewayKey(payment) } });
      await world.broker.publishPayment(payment);
    }
  });

  it.each(failures)('$failure: retried with the same gateway key, charged once', async ({ payment }) => {
    const { body } = await world.service.completedPayment(payment.idempotencyKey);
    expect(body).toMatchObject({ result: { status: 'succeeded' } });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('make seven charges and no dead letter in total', async () => {
    await Promise.all(failures.map(({ payment }) => world.service.completedPayment(payment.idempotencyKey)));
    expect(await world.sandbox.charges()).toHaveLength(failures.length);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });
});

describe('the gateway replays a stored 5xx under the same key', () => {
  const world = useWorld();

  it('and had charged: the payment is found at the gateway and recorded', async () => {
    const payment = aPayment();
    await world.sandbox.fault({
      kind: 'error-500',
      charged: true,
      matching: { idempotencyKey: gatewayKey(payment) },
    });
    await world.broker.publishPayment(payment);
    const { body } = await world.service.completedPayment(payment.idempotencyKey);
    expect(body).toMatchObject({ result: { status: 'succeeded' } });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('and had not charged: gateway-outcome-unknown, never a new gateway key', async () => {
    const payment = aPayment();
    await world.sandbox.fault({ kind: 'error-500', matching: { idempotencyKey: gatewayKey(payment) } });
    await world.broker.publishPayment(payment);
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'gateway-outcome-unknown' });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toEqual([]);
    expect(
      (await world.sandbox.charges()).filter(({ metadata }) => metadata.payment_id === payment.paymentId),
    ).toEqual([]);
  });
});

describe('another release of the service charged the payment with other parameters and died', () => {
  const world = useWorld();
  const payment = aPayment();

  it('the payment is found at the gateway by its metadata and recorded: charged once', async () => {
    const { paymentId: payment_id, customerId: customer_id, idempotencyKey: idempotency_key } = payment;
    const { id } = await new GatewayClient(world.sandbox).charge(gatewayKey(payment), {
      description: 'what another release says, too',
      metadata: { payment_id, customer_id, idempotency_key },
    });
    await world.broker.publishPayment(payment);
    const { body } = await world.service.completedPayment(payment.idempotencyKey);
    expect(body).toMatchObject({ result: { status: 'succeeded', chargeId: id } });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('the gateway rejects the request as invalid', () => {
  const world = useWorld();
  const payment = aPayment({ paymentMethodId: 'pm_card_nobody_has' });
  let letter: DeadLetter | undefined;

  beforeAll(async () => {
    await world.broker.publishPayment(payment);
    [letter] = await world.broker.waitForDeadLetters(1);
  });

  it('the payment ends as gateway-rejected', () => {
    expect(letter).toMatchObject({ reason: 'gateway-rejected', attempts: 1 });
  });

  it('the payment is not retried', async () => {
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1);
  });

  it('no record and no lock are left', async () => {
    expect(await world.redis.record(payment.idempotencyKey)).toBeUndefined();
    expect(await world.redis.lock(payment.idempotencyKey)).toBeNull();
  });
});

describe('the gateway rejects the API key', () => {
  const world = useWorld({ env: { PAYMENT_MAX_ATTEMPTS: '2' } });
  const payments = Array.from({ length: 10 }, () => aPayment());

  beforeAll(async () => {
    await world.sandbox.fault({ kind: 'unauthorized', times: 0 });
    for (const payment of payments) await world.broker.publishPayment(payment);
  });

  it('turns readiness red and says why', async () => {
    const { body } = await eventually(async () => {
      const ready = await world.service.get('/health/ready');
      expect(ready.status).toBe(503);
      return ready;
    });
    expect(JSON.stringify(body).toLowerCase()).toContain('gateway');
  });

  it('stops consuming', async () => {
    await eventually(async () => expect(await world.broker.consumerCount()).toBe(0));
  });

  it('makes no dead letters; every payment is charged when the key is accepted again', async () => {
    await world.sandbox.clearFaults();
    await Promise.all(
      payments.map(({ idempotencyKey }) => world.service.completedPayment(idempotencyKey, 40_000)),
    );
    expect(await world.sandbox.charges()).toHaveLength(payments.length);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
    await eventually(() => world.service.answers('/health/ready', 200));
  });
});
