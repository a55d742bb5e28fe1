import { parseEnvironment } from '../../src/config/parse-environment';
import { ForgetCustomer } from '../../src/ledger/forget-customer';
import { LedgerDatabase } from '../../src/ledger/ledger-database';
import { NodeProcess } from '../support/child-process';
import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { aPayment } from '../support/payments';
import type { Payment } from '../support/payments';
import { useWorld } from '../support/world';
import type { World } from '../support/world';

const databaseUrl = (world: World) => String(world.ledger.options.connectionString);

/** The program behind `npm run ledger`, without the build step. */
async function ledger(
  world: World,
  args: string[],
  env: Record<string, string> = { DATABASE_URL: databaseUrl(world) },
): Promise<{ code: number | null; output: string }> {
  const command = new NodeProcess('dist/operations/ledger/main.js', {
    name: 'ledger',
    env: {
      RABBITMQ_URL: world.broker.url,
      REDIS_URL: world.redis.url,
      STRIPE_API_KEY: 'sk_test_e2e',
      ...env,
    },
    args,
  });
  const { code } = await command.exited;
  return { code, output: command.output };
}

async function completed(world: World, fields: Partial<Payment>): Promise<Payment> {
  const payment = aPayment(fields);
  await world.broker.publishPayment(payment);
  await world.service.completedPayment(payment.idempotencyKey);
  return payment;
}

/** The tables with a row in which any column contains this text. */
async function tablesWith(world: World, part: string): Promise<string[]> {
  const { rows: tables } = await world.ledger.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  const found = await Promise.all(
    tables.map(async ({ name }) => {
      const { rowCount } = await world.ledger.query(
        `SELECT FROM ${name} each WHERE strpos(each::text, $1) > 0`,
        [part],
      );
      return (rowCount ?? 0) > 0 ? [name] : [];
    }),
  );
  return found.flat();
}

async function sums(world: World): Promise<unknown[]> {
  const { rows } = await world.ledger.query<Record<string, unknown>>(
    `SELECT currency, status, count(*)::int AS payments, sum(amount_minor_units)::int AS "minorUnits"
     FROM payments GROUP BY currency, status ORDER BY currency, status`,
  );
  return rows;
}

const customerId = 'CUST-"forget"-me';

describe('a customer that is forgotten', () => {
  const world = useWorld({ ledger: true, gateway: { settleAfterMs: 3_600_000 } });
  const declined = { paymentMethodId: 'pm_card_visa_chargeDeclined' };
  const addressOf = ({ idempotencyKey }: Payment) => `receipt-address:${idempotencyKey}`;
  let payments: Payment[];
  let other: Payment;
  let before: unknown[];
  let code: number | null;
  let output: string;

  beforeAll(async () => {
    payments = [
      await completed(world, { customerId }),
      await completed(world, { customerId, amount: 10, currency: 'EUR' }),
      await completed(world, { customerId, ...declined }),
      await completed(world, { customerId, paymentMethodId: 'pm_usBankAccount_success' }),
    ];
    other = await completed(world, { customerId: 'CUST-other', ...declined });
    for (const payment of [...payments, other])
      await world.redis.client.set(addressOf(payment), 'someone@example.com');
    before = await sums(world);
    ({ code, output } = await ledger(world, ['forget', customerId, '--json']));
  });

  it('is in no table of the database any more', async () => {
    expect(code).toBe(0);
    expect(await tablesWith(world, 'forget"-me')).toEqual([]);
    // JSON in a text, and a text in a row, have their quotes escaped.
    expect(await tablesWith(world, '-me')).toEqual([]);
    expect(await tablesWith(world, 'CUST-other')).toEqual(['public.payments']);
  });

  it('is one pseudonym in all of its payments, without fingerprints', async () => {
    const { rows } = await world.ledger.query(
      `SELECT customer_id AS id, count(*)::int AS payments, count(fingerprint)::int AS fingerprints
       FROM payments GROUP BY customer_id ORDER BY customer_id`,
    );
    expect(rows).toEqual([
      { id: 'CUST-other', payments: 1, fingerprints: 1 },
      { id: expect.stringMatching(/^forgotten-[0-9a-f-]{36}$/), payments: 4, fingerprints: 0 },
    ]);
  });

  it('has the same sums as before, which are printed', async () => {
    const printed = [
      { currency: 'EUR', status: 'succeeded', payments: 1, minorUnits: 1000 },
      { currency: 'USD', status: 'declined', payments: 1, minorUnits: 9999 },
      { currency: 'USD', status: 'processing', payments: 1, minorUnits: 9999 },
      { currency: 'USD', status: 'succeeded', payments: 1, minorUnits: 9999 },
    ];
    expect(JSON.parse(output)).toEqual({ payments: 4, before: printed, after: printed });
    expect(await sums(world)).toEqual(before);
  });

  it('has a line in the history of each payment', async () => {
    const { rows } = await world.ledger.query<{ key: string }>(
      `SELECT key FROM payment_history WHERE event = 'customer-forgotten'`,
    );
    const keys = payments.map(({ idempotencyKey }) => idempotencyKey);
    expect(rows.map(({ key }) => key).sort()).toEqual(keys.sort());
  });

  it('has no address of a receipt in Redis, and other customers keep theirs', async () => {
    expect(await world.redis.client.exists(payments.map(addressOf))).toBe(0);
    expect(await world.redis.client.exists(addressOf(other))).toBe(1);
  });

  it('is not charged again by a duplicate, which gets the answer from before', async () => {
    const [payment = aPayment()] = payments;
    const answer = (await world.service.payment(payment.idempotencyKey)).body;
    await world.redis.client.flushdb();
    await world.broker.publishPayment(payment);
    await eventually(async () =>
      expect(await world.redis.record(payment.idempotencyKey)).toMatchObject({
        result: expect.objectContaining({ status: 'succeeded' }),
      }),
    );
    expect((await world.service.payment(payment.idempotencyKey)).body).toMatchObject({
      result: (answer as { result: object }).result,
    });
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1);
    expect(await tablesWith(world, '-me')).toEqual([]);
  });

  it('has no payment for a second run, which ends with code 1', async () => {
    expect(await ledger(world, ['forget', customerId])).toEqual({
      code: 1,
      output: 'The ledger has no payment of this customer.',
    });
  });
});

describe('a run that was interrupted', () => {
  const world = useWorld({ ledger: true });

  it('is continued by the next one, with the same pseudonym', async () => {
    const rows = `SELECT 'many-' || number, 'PAY', 'CUST-many', number, 'USD', 'in-progress', 1, now()
      FROM generate_series(1, 1200) number`;
    await world.ledger.query(
      `INSERT INTO payments (key, payment_id, customer_id, amount_minor_units, currency, status, attempts, first_seen_at) ${rows}`,
    );
    const environment = parseEnvironment({
      RABBITMQ_URL: world.broker.url,
      REDIS_URL: world.redis.url,
      STRIPE_API_KEY: 'sk_test_e2e',
      DATABASE_URL: databaseUrl(world),
    });
    const database = new LedgerDatabase(environment);
    const first = new ForgetCustomer(database);
    const pseudonym = (await first.pseudonymFor('CUST-many')) ?? '';
    await first.replace('CUST-many', { keys: await first.nextKeys('CUST-many'), pseudonym });
    await database.onApplicationShutdown();
    const { code, output } = await ledger(world, ['forget', 'CUST-many']);
    expect(output).toMatch(/^700 payments changed\n/);
    expect(code).toBe(0);
    const { rows: customers } = await world.ledger.query(
      'SELECT customer_id, count(*)::int AS payments FROM payments GROUP BY customer_id',
    );
    expect(customers).toEqual([{ customer_id: pseudonym, payments: 1200 }]);
  });
});

describe('the command', () => {
  const world = useWorld({ ledger: true });

  it.each([
    [['CUST-canary']],
    [['forget']],
    [['forget', 'CUST', 'canary']],
    [['forget', '--canary']],
    [['forget', '-']],
  ])('%j ends with code 2 and the help, and does not repeat what may be a customer', async (args) => {
    const { code, output } = await ledger(world, args);
    expect(output).toContain('forget <customer>');
    expect(output).not.toContain('canary');
    expect(code).toBe(2);
  });

  it('ends with code 2 without DATABASE_URL', async () => {
    const { code, output } = await ledger(world, ['forget', 'CUST-canary'], {});
    expect(output).toContain('DATABASE_URL is not set');
    expect(output).not.toContain('canary');
    expect(code).toBe(2);
  });

  it('--help ends with code 0', async () => {
    expect(await ledger(world, ['--help'])).toEqual({ code: 0, output: expect.stringContaining('--json') });
  });
});
