import { DeadLettersCommand } from '../support/dead-letters-command';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';
import { GatewayClient } from '../support/gateway-client';
import { aPayment, gatewayKey, type Payment } from '../support/payments';
import { problemsByKey, ReconcileCommand } from '../support/reconcile-command';
import { givenUp, redisKeys } from '../support/redis';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

async function completed(world: World, fields: Partial<Payment> = {}): Promise<Payment> {
  const payment = aPayment(fields);
  await world.broker.publishPayment(payment);
  await world.service.completedPayment(payment.idempotencyKey);
  return payment;
}

/** Makes the payment a dead letter: the gateway fails each time, before or after it charges. */
async function deadLettered(
  world: World,
  kind: 'drop-before' | 'drop-after',
  payment = aPayment(),
): Promise<Payment> {
  const { length } = await world.broker.deadLetters();
  await world.sandbox.fault({ kind, times: 0, matching: { idempotencyKey: gatewayKey(payment) } });
  await world.broker.publishPayment(payment);
  await world.broker.waitForDeadLetters(length + 1);
  await world.sandbox.clearFaults();
  return payment;
}

async function paymentsInRedis(world: World): Promise<Record<string, string>> {
  const names = await world.redis.client.keys('*:payment:*');
  const dumps = names.map(async (name) => [name, (await world.redis.client.dump(name)) ?? ''] as const);
  return Object.fromEntries(await Promise.all(dumps));
}

async function deadLetterBodies(world: World): Promise<string[]> {
  return (await world.broker.deadLetters()).map(({ body }) => body.toString());
}

describe('a consistent system', () => {
  const world = useWorld({ env: { PAYMENT_MAX_ATTEMPTS: '1' } });
  const command = new ReconcileCommand(world);

  beforeAll(async () => {
    await completed(world);
    await completed(world, { paymentMethodId: 'pm_card_visa_chargeDeclined' });
    await completed(world, { paymentMethodId: 'pm_card_visa_chargeDeclinedInsufficientFunds' });
    await deadLettered(world, 'drop-before');
    await world.broker.publish('no JSON');
    await new GatewayClient(world.sandbox).stripe.paymentIntents.create({
      amount: 700,
      currency: 'usd',
      confirm: true,
      payment_method: 'pm_card_visa',
    });
  });

  it('ends with code 0 and counts each payment once', async () => {
    const slow = aPayment();
    await world.beginSlowPayment(slow, { ms: 12_000 });
    expect(await command.report()).toMatchObject({
      code: 0,
      report: {
        payments: { succeeded: 1, declined: 2, 'dead-letter': 1, 'in-progress': 1, broken: 0 },
        charges: { ours: 1, ofOthers: 1 },
        broken: [],
      },
    });
    await world.service.completedPayment(slow.idempotencyKey);
  });

  it('prints the same as text', async () => {
    const { code, output } = await command.run();
    expect(output).toMatch(/succeeded +2\n.*declined +2\n.*failed +0\n.*processing +0\n.*dead letters +1\n/);
    expect(output).toContain('charged at most once');
    expect(code).toBe(0);
  });

  it('changes nothing in Redis, and keeps the order of the dead letters', async () => {
    const before = { redis: await paymentsInRedis(world), letters: await deadLetterBodies(world) };
    await command.run();
    expect({ redis: await paymentsInRedis(world), letters: await deadLetterBodies(world) }).toEqual(before);
  });
});

describe('a system with broken payments', () => {
  const world = useWorld({ env: { PAYMENT_MAX_ATTEMPTS: '1' } });
  const command = new ReconcileCommand(world);
  const letters = new DeadLettersCommand(
    () => world.broker,
    () => world.redis,
  );
  const twin = ({ idempotencyKey }: Payment) => ({ idempotencyKey, reason: 'retries-exhausted' });
  const broken: Record<string, unknown[]> = {};
  let output: string;
  let code: number | null;
  let report: Awaited<ReturnType<ReconcileCommand['report']>>['report'];

  async function withRecord(payment: Payment, change: (record: object) => string): Promise<void> {
    const { record } = redisKeys(payment.idempotencyKey);
    const stored = (await world.redis.record(payment.idempotencyKey)) ?? {};
    await world.redis.client.set(record, change(stored), 'KEEPTTL');
  }

  beforeAll(async () => {
    await completed(world);

    const doubled = await completed(world);
    await new GatewayClient(world.sandbox).charge(`another:${doubled.idempotencyKey}`, {
      metadata: { idempotency_key: doubled.idempotencyKey },
    });
    broken[doubled.idempotencyKey] = ['charged-twice'];

    const forgotten = await completed(world);
    await world.redis.client.del(redisKeys(forgotten.idempotencyKey).record);
    broken[forgotten.idempotencyKey] = ['charged-without-record'];

    const unknown = await completed(world);
    await withRecord(unknown, (stored) =>
      JSON.stringify({ ...stored, result: { status: 'succeeded', chargeId: 'pi_nobody_made' } }),
    );
    broken[unknown.idempotencyKey] = ['recorded-without-charge'];

    const refused = await completed(world);
    await withRecord(refused, (stored) => JSON.stringify({ ...stored, result: { status: 'declined' } }));
    broken[refused.idempotencyKey] = ['charged-although-declined'];

    const unreadable = await completed(world);
    await withRecord(unreadable, () => 'no JSON');
    broken[unreadable.idempotencyKey] = ['unreadable-record'];

    const lost = await deadLettered(world, 'drop-after');
    broken[lost.idempotencyKey] = ['charged-and-dead-letter'];

    const twice = await deadLettered(world, 'drop-before');
    await world.broker.publishPayment(twice);
    await eventually(async () => expect(await letters.list()).toMatchObject([{}, twin(twice), twin(twice)]));
    await letters.run('replay', String((await letters.list())[1]?.id));
    await world.service.completedPayment(twice.idempotencyKey);
    broken[twice.idempotencyKey] = ['recorded-and-dead-letter'];

    const vanished = redisKeys('key-\u001b[2J').lock;
    await world.redis.client.set(vanished, givenUp(2));
    broken['key-\u001b[2J'] = ['without-end'];

    ({ code, report } = await command.report());
    ({ output } = await command.run());
  });

  it('ends with code 1 and names exactly the broken payments', () => {
    expect(problemsByKey(report)).toEqual(broken);
    expect(code).toBe(1);
  });

  it('prints its progress while it looks a second time', () => {
    expect(output).toMatch(/^… comparing/m);
  });

  it('counts them together with the good payments', () => {
    expect(report.payments).toEqual({
      succeeded: 1,
      declined: 0,
      failed: 0,
      processing: 0,
      'dead-letter': 0,
      'in-progress': 0,
      broken: Object.keys(broken).length,
    });
  });

  it('prints what is wrong and what to do, without control characters', () => {
    expect(output).toMatch(
      /charged-twice: charged 2 times, as pi_\w+, pi_\w+; the record names pi_\w+\n +-> refund/,
    );
    expect(output).toMatch(/without-end: begun 2 times.*\n +-> .*publish it again under the same key/);
    expect(output).not.toContain('\u001b');
  });

  it('looks back only as far as --since', async () => {
    expect(await command.report('--since', '1m')).toMatchObject({
      report: { since: expect.stringMatching(/^\d{4}-/), payments: { broken: expect.any(Number) } },
    });
  });
});

describe('a report that is longer than a pipe buffer', () => {
  const world = useWorld({ services: 0 });

  it('is printed completely', async () => {
    const keys = Array.from({ length: 5_000 }, (_, index) => `key-${index}`);
    await world.redis.client.mset(keys.flatMap((key) => [redisKeys(key).lock, givenUp(1)]));
    await world.startService();
    const { report } = await new ReconcileCommand(world).report();
    expect(Object.keys(problemsByKey(report))).toHaveLength(keys.length);
  });
});

describe('a system that cannot be checked', () => {
  const world = useWorld({ services: 0 });
  const command = new ReconcileCommand(world);

  it.each([
    {
      what: 'Redis',
      env: async () => ({ REDIS_URL: `redis://127.0.0.1:${await freePort()}` }),
      says: 'Redis',
    },
    {
      what: 'RabbitMQ',
      env: async () => ({ RABBITMQ_URL: `amqp://127.0.0.1:${await freePort()}` }),
      says: 'ECONNREFUSED',
    },
    {
      what: 'the gateway',
      env: async () => ({ STRIPE_API_BASE: `http://127.0.0.1:${await freePort()}` }),
      says: 'gateway',
    },
    {
      what: 'its settings',
      env: async () => ({ REDIS_URL: 'http://canary@127.0.0.1' }),
      says: 'REDIS_URL must be',
    },
  ])('ends with code 2 when $what cannot be used, and shows no secret', async ({ env, says }) => {
    const { code, output } = await command.run([], await env());
    expect(output).toContain(says);
    expect(output).not.toContain('canary');
    expect(code).toBe(2);
  });

  it('ends with code 2, not 1, when the queues are missing because the service never ran', async () => {
    const { code, output } = await command.run();
    expect(output).toContain('payments.dead-letter');
    expect(code).toBe(2);
  });

  it.each([['--since', 'yesterday'], ['--since', '0h'], ['--everything']])(
    '%s %s ends with code 2 and the help',
    async (...args) => {
      const { code, output } = await command.run(args);
      expect(output).toContain('npm run reconcile:');
      expect(code).toBe(2);
    },
  );

  it('--help ends with code 0', async () => {
    expect(await command.run(['--help'])).toEqual({ code: 0, output: expect.stringContaining('--since') });
  });
});
