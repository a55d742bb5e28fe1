import type { Exit } from '../support/child-process';
import { eventually } from '../support/eventually';
import { HeardEvents } from '../support/heard-events';
import { aPayment, gatewayKey } from '../support/payments';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

describe('the process is told to stop (SIGTERM) while the gateway is still answering', () => {
  const world = useWorld();
  const payment = aPayment();

  beforeAll(async () => {
    await world.beginSlowPayment(payment, { ms: 2000 });
  });

  it('exits with code 0', async () => {
    expect(await world.service.terminate()).toEqual({ code: 0, signal: null });
  });

  it('has finished the payment', async () => {
    expect(await world.redis.record(payment.idempotencyKey)).toMatchObject({
      result: { status: 'succeeded' },
    });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('has acknowledged the message and released the lease', async () => {
    expect(await world.broker.unfinished()).toEqual({});
    expect(await world.redis.locks()).toEqual([]);
  });
});

describe('SIGTERM with a ledger, while a payment is in flight', () => {
  const world = useWorld({ ledger: true });

  it('publishes its event before the process exits', async () => {
    const events = await HeardEvents.on(world.broker.url);
    const payment = aPayment();
    await world.beginSlowPayment(payment, { ms: 1500 });
    expect(await world.service.terminate()).toEqual({ code: 0, signal: null });
    await eventually(() => expect(events.of(payment)).toHaveLength(1));
    expect((await world.ledger.query('SELECT FROM payment_outbox')).rows).toEqual([]);
    await events.close();
  });
});

describe('SIGTERM under load', () => {
  const world = useWorld({ services: 2, env: { IDEMPOTENCY_LEASE: '2' } });
  const payments = Array.from({ length: 100 }, () => aPayment({ amount: 1 }));
  let exit: Exit;

  beforeAll(async () => {
    await world.sandbox.fault({ kind: 'delay', delayMs: 200, when: 'before', times: 0 });
    for (const payment of payments) await world.broker.publishPayment(payment, { copies: 2 });
    await eventually(async () => expect((await world.sandbox.charges()).length).toBeGreaterThan(5));
    exit = await world.service.terminate();
  });

  it('exits with code 0', () => {
    expect(exit).toEqual({ code: 0, signal: null });
  });

  it('loses and duplicates nothing: the other process handles the rest', async () => {
    const other = world.serviceAt(1);
    await Promise.all(payments.map(({ idempotencyKey }) => other.completedPayment(idempotencyKey)));
    expect(await world.sandbox.charges()).toHaveLength(payments.length);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
    await eventually(() => world.broker.isDrained());
  });
});

describe('SIGTERM twice in a row', () => {
  const world = useWorld();

  it('counts as one: the payment in flight finishes, exit code 0', async () => {
    const payment = aPayment();
    await world.beginSlowPayment(payment, { ms: 1500 });
    const exit = world.service.terminate();
    await eventually(async () => (await world.broker.consumerCount()) === 0);
    expect(await world.service.terminate()).toEqual({ code: 0, signal: null });
    await exit;
    expect(await world.redis.record(payment.idempotencyKey)).toMatchObject({
      result: { status: 'succeeded' },
    });
  });
});

describe('SIGTERM while the gateway takes longer than SHUTDOWN_TIMEOUT', () => {
  const world = useWorld({ env: { SHUTDOWN_TIMEOUT: '1', IDEMPOTENCY_LEASE: '2' } });
  const payment = aPayment();
  let exit: Exit;
  let returned: Record<string, number>;

  beforeAll(async () => {
    await world.beginSlowPayment(payment, { ms: 5000 });
    exit = await world.service.terminate();
    returned = await world.broker.unfinished();
  });

  it('still exits with code 0', () => {
    expect(exit).toEqual({ code: 0, signal: null });
  });

  it('returns the message to the queue', () => {
    expect(Object.values(returned)).toEqual([1]);
  });

  it('the next process charges once', async () => {
    const next = await world.startService({ env: { SHUTDOWN_TIMEOUT: '25' } });
    await next.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('SIGTERM while a delayed message waits', () => {
  const world = useWorld();

  it('exits with code 0, and the next process handles the message', async () => {
    const payment = aPayment();
    const trace = await world.broker.traceDeliveries();
    await world.sandbox.fault({
      kind: 'rate-limit',
      retryAfterSeconds: 5,
      matching: { idempotencyKey: gatewayKey(payment) },
    });
    await world.broker.publishPayment(payment);
    await eventually(() => trace.delayed(payment.idempotencyKey).length === 1);
    expect(await world.service.terminate()).toEqual({ code: 0, signal: null });
    expect(Object.values(await world.broker.unfinished())).toEqual([1]);

    const next = await world.startService();
    await next.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});
