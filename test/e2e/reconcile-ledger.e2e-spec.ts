import { parseEnvironment } from '../../src/config/parse-environment';
import { LedgerDatabase } from '../../src/ledger/ledger-database';
import { LedgerReader } from '../../src/ledger/ledger-reader';
import { GatewayClient } from '../support/gateway-client';
import { parseJsonObject } from '../support/json';
import { aPayment } from '../support/payments';
import type { Payment } from '../support/payments';
import { ownDatabase } from '../support/postgres-pool';
import { problemsByKey, ReconcileCommand } from '../support/reconcile-command';
import { redisKeys } from '../support/redis';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

/** Longer than the spec. */
const never = 3_600_000;

const databaseUrl = (world: World) => String(world.ledger.options.connectionString);

async function completed(world: World, fields: Partial<Payment> = {}): Promise<Payment> {
  const payment = aPayment(fields);
  await world.broker.publishPayment(payment);
  await world.service.completedPayment(payment.idempotencyKey);
  return payment;
}

async function forgetRecord(world: World, { idempotencyKey }: Payment): Promise<void> {
  await world.redis.client.del(redisKeys(idempotencyKey).record);
}

/** Changes the result in the record of a payment. */
async function withResult(world: World, { idempotencyKey }: Payment, change: object): Promise<void> {
  const stored = (await world.redis.record(idempotencyKey)) ?? {};
  const result = { ...Object(stored.result), ...change } as object;
  const { record } = redisKeys(idempotencyKey);
  await world.redis.client.set(record, JSON.stringify({ ...stored, result }), 'KEEPTTL');
}

describe('a consistent system with a ledger', () => {
  const world = useWorld({ ledger: true, gateway: { settleAfterMs: never } });
  const command = new ReconcileCommand(world);
  const withLedger = () => ({ DATABASE_URL: databaseUrl(world) });

  beforeAll(async () => {
    await completed(world);
    await completed(world, { paymentMethodId: 'pm_card_visa_chargeDeclined' });
    await completed(world, { paymentMethodId: 'pm_usBankAccount_success' });
    await forgetRecord(world, await completed(world));
    await forgetRecord(world, await completed(world, { paymentMethodId: 'pm_usBankAccount_success' }));
  });

  it('is consistent, also with what Redis has forgotten and the ledger knows', async () => {
    const { code, output } = await command.run(['--json'], withLedger());
    expect(JSON.parse(output)).toMatchObject({
      payments: { succeeded: 2, declined: 1, failed: 0, processing: 2, broken: 0 },
      charges: { ours: 4 },
      ledger: {
        since: expect.stringMatching(/Z$/),
        payments: { succeeded: 2, declined: 1, failed: 0, processing: 2, 'in-progress': 0 },
      },
      broken: [],
    });
    expect(code).toBe(0);
  });

  it('has a report without the ledger if it is not given', async () => {
    const { report } = await command.report();
    expect(report).not.toHaveProperty('ledger');
    expect(report).toMatchObject({ payments: { processing: 1 } });
  });
});

describe('a system with a ledger that disagrees', () => {
  const world = useWorld({ ledger: true });
  const command = new ReconcileCommand(world);
  const broken: Record<string, unknown[]> = {};
  let code: number | null;
  let output: string;

  beforeAll(async () => {
    await completed(world);

    const stale = await completed(world);
    await withResult(world, stale, { status: 'processing' });
    broken[stale.idempotencyKey] = ['ledger-differs-from-record'];

    const failed = await completed(world);
    await withResult(world, failed, { status: 'failed', declineCode: 'insufficient_funds' });
    broken[failed.idempotencyKey] = ['charged-although-failed', 'ledger-differs-from-record'];

    await world.ledger.query(
      `INSERT INTO payments (key, payment_id, customer_id, amount_minor_units, currency, status, charge_id, attempts,
         first_seen_at, settled_at)
       VALUES ('uncharged', 'PAY', 'CUST', 1, 'USD', 'succeeded', 'pi_unknown', 1, now(), now())`,
    );
    broken.uncharged = ['ledger-without-charge'];

    await new GatewayClient(world.sandbox).charge('payment:lost');
    broken.lost = ['charged-without-record', 'charged-not-in-ledger'];

    const { id: chargeId } = await new GatewayClient(world.sandbox).charge('payment:unknown');
    const record = {
      processedAt: new Date().toISOString(),
      result: { status: 'succeeded', chargeId },
      fingerprint: 'fingerprint',
      fencingToken: 1,
    };
    await world.redis.client.set(redisKeys('unknown').record, JSON.stringify(record), 'EX', 600);
    broken.unknown = ['recorded-not-in-ledger'];

    ({ code, output } = await command.run(['--json'], { DATABASE_URL: databaseUrl(world) }));
  });

  it('ends with code 1 and names exactly the payments that differ, and how', () => {
    expect(problemsByKey(parseJsonObject(output) ?? {})).toEqual(broken);
    expect(code).toBe(1);
  });

  it('changes nothing in the ledger', async () => {
    const rows = () => world.ledger.query('SELECT payments::text FROM payments ORDER BY key');
    const { rows: before } = await rows();
    await command.run([], { DATABASE_URL: databaseUrl(world) });
    expect((await rows()).rows).toEqual(before);
  });
});

describe('a ledger that cannot be compared', () => {
  const world = useWorld();
  const command = new ReconcileCommand(world);

  it('ends with code 2 if the service has never used the database, and makes no tables', async () => {
    const database = await ownDatabase();
    const { code, output } = await command.run([], { DATABASE_URL: database.url });
    expect(output).toContain('has no ledger');
    expect(code).toBe(2);
    const { rows } = await database.pool.query(`SELECT FROM pg_tables WHERE schemaname = 'public'`);
    expect(rows).toEqual([]);
    await database.remove();
  });

  it('ends with code 2 if PostgreSQL cannot be reached', async () => {
    const { code, output } = await command.run([], { DATABASE_URL: 'postgresql://canary@127.0.0.1:1/x' });
    expect(output).toContain('the ledger did not confirm');
    expect(output).not.toContain('canary');
    expect(code).toBe(2);
  });
});

describe('a ledger with more payments than fit on a page', () => {
  const world = useWorld({ ledger: true });
  let keys: Set<string>;
  let payments: Awaited<ReturnType<LedgerReader['payments']>>;

  beforeAll(async () => {
    // All at the same moment, which is where a page could lose one.
    await world.ledger.query(
      `INSERT INTO payments (key, payment_id, customer_id, amount_minor_units, currency, status, attempts, first_seen_at)
       SELECT 'many-' || number, 'PAY', 'CUST', 1, 'USD', 'in-progress', 1, now()
       FROM generate_series(1, 10001) number`,
    );
    await world.ledger.query(
      `INSERT INTO payments (key, payment_id, customer_id, amount_minor_units, currency, status, charge_id, attempts,
         first_seen_at, processing_since, settled_at)
       VALUES ('later', 'PAY', 'CUST', 1, 'USD', 'succeeded', 'pi_later', 1, now() - interval '9 days',
         now() - interval '9 days', now()),
       ('before', 'PAY', 'CUST', 1, 'USD', 'succeeded', 'pi_before', 1, now() - interval '9 days', NULL,
         now() - interval '9 days')`,
    );
    const environment = parseEnvironment({
      RABBITMQ_URL: world.broker.url,
      REDIS_URL: world.redis.url,
      STRIPE_API_KEY: 'sk_test_e2e',
      DATABASE_URL: databaseUrl(world),
    });
    const database = new LedgerDatabase(environment);
    const reader = new LedgerReader(database);
    keys = await reader.keysSince(new Date(Date.now() - 3_600_000));
    payments = await reader.payments(['later', 'many-7', 'unknown', 'no\u0000key']);
    await database.onApplicationShutdown();
  });

  it('gives the key of each that was first seen or ended in the period, and no other', () => {
    expect(keys.size).toBe(10_002);
    expect(keys).toContain('later');
    expect(keys).not.toContain('before');
  });

  it('gives the payments of the keys that it knows, also if others cannot be keys', () => {
    expect([...payments.keys()].sort()).toEqual(['later', 'many-7']);
    expect(payments.get('later')).toMatchObject({ status: 'succeeded', chargeId: 'pi_later' });
  });
});
