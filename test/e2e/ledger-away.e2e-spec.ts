import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { aPayment, gatewayKey } from '../support/payments';
import { privatePostgresql } from '../support/postgres';
import { poolAt } from '../support/postgres-pool';
import { deadLetterQueue } from '../support/topology';
import { useWorld } from '../support/world';

const recoveryMs = 30_000;

describe('a ledger that is away', () => {
  let server: Awaited<ReturnType<typeof privatePostgresql>>;
  const world = useWorld({ services: 0 });

  beforeAll(async () => {
    server = await privatePostgresql();
    await world.startService({ env: { DATABASE_URL: server.url, IDEMPOTENCY_LEASE: '3' } });
  });
  // Before the world stops, it must be there again.
  afterAll(() => server.stop());

  it.each([
    { outage: 'killed', begin: () => server.kill(), end: () => server.restart() },
    { outage: 'frozen', begin: () => server.freeze(), end: () => server.thaw() },
  ])(
    '$outage: nothing is charged, readiness is red; then each payment is charged once',
    async ({ begin, end }) => {
      await begin();
      const payments = Array.from({ length: 5 }, () => aPayment());
      for (const payment of payments) await world.broker.publishPayment(payment);
      await eventually(
        async () => {
          const { status, body } = await world.service.get('/health/ready');
          expect(status).toBe(503);
          expect(body).toMatchObject({
            error: { consumer: { reason: expect.stringContaining('ledger') }, ledger: { status: 'down' } },
          });
        },
        { withinMs: recoveryMs },
      );
      expect(await Promise.all(payments.map((payment) => gatewayCalls(world.sandbox, payment)))).toEqual(
        payments.map(() => []),
      );
      await end();
      await Promise.all(
        payments.map(({ idempotencyKey }) => world.service.completedPayment(idempotencyKey, recoveryMs)),
      );
      const charges = await Promise.all(
        payments.map((payment) => world.sandbox.chargesFor(gatewayKey(payment))),
      );
      expect(charges.map(({ length }) => length)).toEqual(payments.map(() => 1));
      expect(await world.broker.depth(deadLetterQueue)).toBe(0);
      await eventually(() => world.service.answers('/health/ready', 200), { withinMs: recoveryMs });
    },
  );

  it('between a charge and its end: the payment is answered by the gateway again, and charged once', async () => {
    const payment = aPayment();
    await world.beginSlowPayment(payment, { ms: 2_000, when: 'after' });
    await eventually(async () => {
      expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    });
    await server.kill();
    await eventually(() => world.service.logged({ reason: 'ledger-unavailable' }).length > 0, {
      withinMs: recoveryMs,
    });
    await server.restart();
    await world.service.completedPayment(payment.idempotencyKey, recoveryMs);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });

  it('at the start: the service waits for it', async () => {
    await server.kill();
    const starting = world.startService({
      env: { DATABASE_URL: server.url },
      waitFor: 'none',
      name: 'waiting',
    });
    const service = await starting;
    await eventually(() => service.output.includes('PostgreSQL is not reachable'), { withinMs: recoveryMs });
    await server.restart();
    await service.untilHealthy('ready');
  });

  it('during the migrations: the service waits for it', async () => {
    const pool = poolAt(server.url);
    const other = await pool.connect();
    other.on('error', () => undefined);
    await other.query('BEGIN');
    await other.query('SELECT pg_advisory_xact_lock(6117230981)');
    const service = await world.startService({
      env: { DATABASE_URL: server.url },
      waitFor: 'none',
      name: 'migrating',
    });
    await eventually(async () => {
      const { rowCount } = await pool.query(
        `SELECT FROM pg_stat_activity WHERE application_name = 'payment-consumer' AND wait_event = 'advisory'`,
      );
      expect(rowCount).toBe(1);
    });
    await server.kill();
    await eventually(() => service.output.includes('PostgreSQL is not reachable'), { withinMs: recoveryMs });
    other.release(true);
    await pool.end();
    await server.restart();
    await service.untilHealthy('ready');
  });
});
