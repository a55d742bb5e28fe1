import { AmqpSession } from '../support/amqp-session';
import { DeadLettersCommand } from '../support/dead-letters-command';
import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { aPayment, gatewayKey } from '../support/payments';
import type { Payment } from '../support/payments';
import { given } from '../support/isolation';
import { Management, vhostOf } from '../support/management';
import { deadLetterQueue, workQueue } from '../support/topology';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

const maxAttempts = 2;

/** Exhausts a payment's retries: the gateway fails until `clearFaults()`. Resolves once the dead letter exists. */
async function exhaust(world: World, payment: Payment): Promise<void> {
  const before = await world.broker.depth(deadLetterQueue);
  const matching = { idempotencyKey: gatewayKey(payment) };
  await world.sandbox.fault({ kind: 'error-500-unstored', times: 0, matching });
  await world.broker.publishPayment(payment);
  await world.broker.waitForDeadLetters(before + 1);
}

describe('replaying a payment whose retries were exhausted', () => {
  const world = useWorld({ env: { PAYMENT_MAX_ATTEMPTS: String(maxAttempts) } });
  const command = new DeadLettersCommand(
    () => world.broker,
    () => world.redis,
  );
  const idOf = ({ idempotencyKey }: Payment) => command.idOf({ idempotencyKey });

  afterEach(() => world.sandbox.clearFaults());

  it('charges it once after the gateway has recovered, and completes its record', async () => {
    const payment = aPayment();
    await exhaust(world, payment);
    await world.sandbox.clearFaults();
    expect(await command.run('replay', await idOf(payment))).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^replayed /),
    });
    expect(await world.service.completedPayment(payment.idempotencyKey)).toMatchObject({
      body: { attempts: maxAttempts + 1, result: { status: 'succeeded' } },
    });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });

  it('gives it the full number of attempts again, on each replay', async () => {
    const payment = aPayment();
    await exhaust(world, payment);
    for (const replays of [1, 2]) {
      await command.run('replay', await idOf(payment));
      const attempts = maxAttempts * (replays + 1);
      await eventually(async () => expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(attempts));
      const [letter] = await world.broker.waitForDeadLetters(1);
      expect(letter).toMatchObject({ reason: 'retries-exhausted', attempts });
    }
    await command.run('drop', await idOf(payment));
  });

  it('keeps what the publisher wrote, and of the dead letter only the attempts', async () => {
    const payment = aPayment();
    await exhaust(world, payment);
    await world.sandbox.clearFaults();
    const [letter] = await world.broker.deadLetters();
    const trace = await world.broker.traceDeliveries();
    await command.run('replay', await idOf(payment));
    await eventually(() => trace.deliveries(payment.idempotencyKey).length === 1);
    const [replayed] = trace.deliveries(payment.idempotencyKey);
    expect(replayed).toMatchObject({
      messageId: letter?.properties.messageId,
      timestamp: letter?.properties.timestamp,
      headers: { 'x-attempts-before-replay': maxAttempts },
    });
    expect(Object.keys(replayed?.headers ?? {}).filter((name) => name.startsWith('x-dead-letter'))).toEqual(
      [],
    );
    await world.service.completedPayment(payment.idempotencyKey);
  });

  it('makes no second charge when the gateway had charged and only its answers were lost', async () => {
    const payment = aPayment();
    const matching = { idempotencyKey: gatewayKey(payment) };
    await world.sandbox.fault({ kind: 'drop-after', times: 0, matching });
    await world.broker.publishPayment(payment);
    await world.broker.waitForDeadLetters(1);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    await world.sandbox.clearFaults();
    await command.run('replay', await idOf(payment));
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('makes no second charge when the same request was charged in the meantime', async () => {
    const payment = aPayment();
    await exhaust(world, payment);
    await world.broker.publishPayment(payment);
    await world.broker.waitForDeadLetters(2);
    await world.sandbox.clearFaults();
    const [first] = await command.list();
    await command.run('replay', String(first?.id));
    await world.service.completedPayment(payment.idempotencyKey);
    const calls = await gatewayCalls(world.sandbox, payment);
    const trace = await world.broker.traceDeliveries();
    await command.run('replay', await idOf(payment));
    await eventually(() => trace.final(payment.idempotencyKey) === 1);
    await eventually(() => world.broker.isDrained());
    expect(await gatewayCalls(world.sandbox, payment)).toEqual(calls);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });

  it('charges nothing for another payload under a charged key: it is a dead letter again', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    await world.broker.publishPayment({ ...payment, amount: 1 });
    await world.broker.waitForDeadLetters(1);
    const trace = await world.broker.traceDeliveries();
    await command.run('replay', '--force', await idOf(payment));
    await eventually(() => trace.final(payment.idempotencyKey) === 1);
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'idempotency-key-reused' });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toMatchObject([{ amount: 9999 }]);
  });
});

describe('replaying a dead letter of the broker, which does not say how many attempts were made', () => {
  const world = useWorld({ env: { PAYMENT_MAX_ATTEMPTS: String(maxAttempts) } });
  const command = new DeadLettersCommand(
    () => world.broker,
    () => world.redis,
  );

  /** A dead letter as the broker writes it, of a payment that has used up its attempts. Returns its id. */
  async function brokerDeadLetter(payment: Payment): Promise<string> {
    await exhaust(world, payment);
    await command.run('drop', await command.idOf({ idempotencyKey: payment.idempotencyKey }));
    const session = new AmqpSession(world.broker.url);
    const deaths = [{ queue: workQueue, reason: 'delivery_limit', count: 1 }];
    const headers = { 'idempotency-key': payment.idempotencyKey, 'x-death': deaths };
    const channel = await session.publishing();
    channel.sendToQueue(deadLetterQueue, Buffer.from(JSON.stringify(payment)), { headers, persistent: true });
    await channel.waitForConfirms();
    await session.close();
    return command.idOf({ idempotencyKey: payment.idempotencyKey, reason: 'delivery-limit' });
  }

  afterEach(() => world.sandbox.clearFaults());

  it.each([
    { by: 'the command', replay: (id: string) => command.run('replay', id) },
    { by: 'HTTP', replay: (id: string) => world.service.post('/dead-letters/replay', { id }) },
  ])('gives it the full number of attempts, by $by', async ({ replay }) => {
    const payment = aPayment();
    await replay(await brokerDeadLetter(payment));
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'retries-exhausted', attempts: 2 * maxAttempts });
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(2 * maxAttempts);
    await command.run('drop', await command.idOf({ idempotencyKey: payment.idempotencyKey }));
  });

  it('names Redis when Redis is unreachable, and leaves the dead letter in its queue', async () => {
    const payment = aPayment();
    const id = await brokerDeadLetter(payment);
    const alone = new DeadLettersCommand(
      () => world.broker,
      () => ({ url: 'redis://127.0.0.1:1' }),
    );
    const { code, output } = await alone.run('replay', id);
    expect(code).toBe(1);
    expect(output).toContain('Redis (REDIS_URL) is not reachable');
    expect(await command.list()).toMatchObject([{ id }]);
    await command.run('drop', id);
  });
});

describe('replaying all', () => {
  const world = useWorld({ env: { PAYMENT_MAX_ATTEMPTS: '1' } });
  const command = new DeadLettersCommand(
    () => world.broker,
    () => world.redis,
  );

  it('charges each once, and prints only their number', async () => {
    const payments = Array.from({ length: 12 }, () => aPayment());
    await world.sandbox.fault({ kind: 'error-500-unstored', times: 0 });
    for (const payment of payments) await world.broker.publishPayment(payment);
    await world.broker.waitForDeadLetters(payments.length);
    await world.sandbox.clearFaults();
    expect(await command.run('replay', '--all')).toEqual({ code: 0, output: '12 replayed' });
    for (const { idempotencyKey } of payments) await world.service.completedPayment(idempotencyKey);
    const charges = await world.sandbox.charges();
    expect(charges.map(({ idempotencyKey }) => idempotencyKey).sort()).toEqual(
      payments.map(gatewayKey).sort(),
    );
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
  });

  it('leaves all dead letters in their queue when the work queue is missing', async () => {
    await world.broker.publish('no JSON');
    await world.broker.waitForDeadLetters(1);
    await world.service.terminate();
    await new Management(given('RABBITMQ_MANAGEMENT_URL')).deleteQueue(vhostOf(world.broker.url), workQueue);
    const { code, output } = await command.run('replay', '--all');
    await world.startService();
    expect(code).toBe(1);
    expect(output).toContain("the queue 'payments.charge' does not exist");
    expect(await command.list()).toMatchObject([{ reason: 'invalid-message' }]);
  });
});

describe('replaying a payment that may have been charged and forgotten', () => {
  const ttlSeconds = 3_600;
  const world = useWorld({ env: { IDEMPOTENCY_TTL: String(ttlSeconds) } });
  const command = new DeadLettersCommand(
    () => world.broker,
    () => world.redis,
  );
  const payment = aPayment();
  const timestamp = Math.floor(Date.now() / 1000) - ttlSeconds - 60;
  const idOf = () => command.idOf({ idempotencyKey: payment.idempotencyKey });

  beforeAll(async () => {
    await world.broker.publishPayment(payment, { properties: { timestamp } });
    await world.broker.waitForDeadLetters(1);
  });

  it('without --force it is a dead letter again', async () => {
    const trace = await world.broker.traceDeliveries();
    await command.run('replay', await idOf());
    await eventually(() => trace.final(payment.idempotencyKey) === 1);
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'outside-deduplication-window', properties: { timestamp } });
    expect(await gatewayCalls(world.sandbox, payment)).toEqual([]);
  });

  it('with --force it is charged once, and keeps its original timestamp', async () => {
    const trace = await world.broker.traceDeliveries();
    expect(await command.run('replay', '--force', await idOf())).toMatchObject({ code: 0 });
    await world.service.completedPayment(payment.idempotencyKey);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    expect(await world.broker.depth(deadLetterQueue)).toBe(0);
    await eventually(() => trace.deliveries(payment.idempotencyKey).length === 1);
    expect(trace.deliveries(payment.idempotencyKey)).toMatchObject([
      { headers: { 'x-original-timestamp': timestamp } },
    ]);
  });
});
