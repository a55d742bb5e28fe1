import type { DeadLetter } from '../support/dead-letter';
import { DeadLettersCommand } from '../support/dead-letters-command';
import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { aPayment, gatewayKey } from '../support/payments';
import { ReconcileCommand } from '../support/reconcile-command';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

const copies = 20;

describe('twenty copies of a payment over two processes, and a gateway that fails for a while', () => {
  const world = useWorld({ services: 2 });
  const payment = aPayment();

  beforeAll(async () => {
    const trace = await world.broker.traceDeliveries();
    const matching = { idempotencyKey: gatewayKey(payment) };
    await world.sandbox.fault({ kind: 'error-500-unstored', times: 0, matching });
    await world.broker.publishPayment(payment, { copies });
    await eventually(async () =>
      expect((await gatewayCalls(world.sandbox, payment)).length).toBeGreaterThan(2),
    );
    await world.sandbox.clearFaults();
    await world.service.completedPayment(payment.idempotencyKey);
    await eventually(() => trace.final(payment.idempotencyKey) === copies, { withinMs: 45_000 });
  });

  it('cause one charge', async () => {
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('count one attempt for each call to the gateway, and no other attempts', async () => {
    const { length: attempts } = await gatewayCalls(world.sandbox, payment);
    expect((await world.service.payment(payment.idempotencyKey)).body).toMatchObject({
      attempts,
      result: { status: 'succeeded' },
    });
  });

  it('leave no dead letter', async () => {
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });

  it('are consistent for npm run reconcile', async () => {
    expect(await new ReconcileCommand(world).report()).toMatchObject({ code: 0, report: { broken: [] } });
  });
});

describe('twenty copies of a payment over two processes, and a gateway that fails permanently', () => {
  const maxAttempts = 3;
  const world = useWorld({ services: 2, env: { PAYMENT_MAX_ATTEMPTS: String(maxAttempts) } });
  const command = new DeadLettersCommand(
    () => world.broker,
    () => world.redis,
  );
  const payment = aPayment();
  let letters: DeadLetter[];

  beforeAll(async () => {
    const matching = { idempotencyKey: gatewayKey(payment) };
    await world.sandbox.fault({ kind: 'error-500-unstored', times: 0, matching });
    await world.broker.publishPayment(payment, { copies });
    await eventually(async () => expect(await world.broker.depth(deadLetterQueue)).toBe(copies), {
      withinMs: 45_000,
    });
    letters = await world.broker.deadLetters();
  });

  it('all end as retries-exhausted', () => {
    expect(letters.map(({ reason }) => reason)).toEqual(Array(copies).fill('retries-exhausted'));
  });

  it('together call the gateway PAYMENT_MAX_ATTEMPTS times', async () => {
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(maxAttempts);
  });

  it('get no new attempts when one more copy is published, only after a replay', async () => {
    await world.broker.publishPayment(payment);
    await world.broker.waitForDeadLetters(copies + 1);
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(maxAttempts);
  });

  it('cause one charge when one is replayed, and are duplicates when the others are', async () => {
    await world.sandbox.clearFaults();
    const [first] = await command.list();
    expect(await command.run('replay', String(first?.id))).toMatchObject({ code: 0 });
    await world.service.completedPayment(payment.idempotencyKey);
    const trace = await world.broker.traceDeliveries();
    expect(await command.run('replay', '--all')).toMatchObject({ code: 0 });
    await eventually(() => trace.final(payment.idempotencyKey) === copies);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});

describe('copies of a replayed payment, and a gateway that fails once more', () => {
  const world = useWorld({ env: { PAYMENT_MAX_ATTEMPTS: '2' } });
  const command = new DeadLettersCommand(
    () => world.broker,
    () => world.redis,
  );
  const payment = aPayment();
  const fault = { kind: 'error-500-unstored', matching: { idempotencyKey: gatewayKey(payment) } } as const;

  it('share its added attempts: no copy is a dead letter while another may succeed', async () => {
    await world.sandbox.fault({ ...fault, times: 2 });
    await world.broker.publishPayment(payment);
    await world.broker.waitForDeadLetters(1);
    await world.sandbox.fault({ ...fault, times: 1 });
    expect(await command.run('replay', '--all')).toMatchObject({ code: 0 });
    await eventually(async () => expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(3));
    const trace = await world.broker.traceDeliveries();
    await world.broker.publishPayment(payment, { copies: 5 });
    await world.service.completedPayment(payment.idempotencyKey);
    await eventually(() => trace.final(payment.idempotencyKey) === 6);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});
