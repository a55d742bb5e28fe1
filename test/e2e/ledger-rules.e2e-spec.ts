import type { NewMessage } from 'nestjs-idempotent';
import { parseEnvironment } from '../../src/config/parse-environment';
import { LedgerDatabase } from '../../src/ledger/ledger-database';
import { PaymentLedger } from '../../src/ledger/payment-ledger';
import { gatewayCalls } from '../support/gateway-calls';
import { charged, historyOf, rowOf } from '../support/ledger-rows';
import { aPayment } from '../support/payments';
import type { Payment } from '../support/payments';
import { useWorld } from '../support/world';

describe('two who change a payment at the same moment', () => {
  const world = useWorld({ ledger: true, gateway: { settleAfterMs: 3_600_000 } });
  let database: LedgerDatabase;
  let ledger: PaymentLedger;

  beforeAll(() => {
    const environment = parseEnvironment({
      RABBITMQ_URL: world.broker.url,
      REDIS_URL: world.redis.url,
      STRIPE_API_KEY: 'sk_test_e2e',
      DATABASE_URL: world.ledger.options.connectionString,
    });
    database = new LedgerDatabase(environment);
    ledger = new PaymentLedger(database, environment);
  });
  afterAll(() => database.onApplicationShutdown());

  const event = (key: string): NewMessage => {
    const to = { exchange: 'payments.events', routingKey: 'payment.succeeded' };
    return { scope: 'payment', key, ...to, content: '{}', headers: '{}', idempotencyKey: key };
  };

  it('do not end it if an attempt has begun in between, which knows only that it is processing', async () => {
    const payment = await charged(world, aPayment({ paymentMethodId: 'pm_usBankAccount_success' }));
    const { idempotencyKey } = payment;
    const found = await ledger.find(idempotencyKey);
    const end = {
      idempotencyKey,
      status: 'succeeded',
      chargeId: found?.chargeId,
      event: event(idempotencyKey),
    } as const;
    await ledger.begin({
      ...{ idempotencyKey, paymentId: payment.paymentId, customerId: payment.customerId },
      ...{ amountMinorUnits: 9999, currency: 'USD', fingerprint: String(found?.fingerprint) },
    });
    expect(await ledger.end({ ...end, version: found?.version })).toBe(false);
    const { version } = (await ledger.find(idempotencyKey)) ?? {};
    expect(await ledger.end({ ...end, version })).toBe(true);
  });

  it('store one of two ends, with one event', async () => {
    const payment = await charged(world, aPayment({ paymentMethodId: 'pm_usBankAccount_success' }));
    const { idempotencyKey } = payment;
    const { chargeId, version } = (await ledger.find(idempotencyKey)) ?? {};
    const end = {
      idempotencyKey,
      status: 'succeeded',
      chargeId,
      version,
      event: event(idempotencyKey),
    } as const;
    const stored = await Promise.all([ledger.end(end), ledger.end({ ...end })]);
    expect(stored.sort()).toEqual([false, true]);
    expect(await historyOf(world, payment)).toEqual([
      'attempt 1',
      `processing ${String(chargeId)}`,
      `succeeded ${String(chargeId)}`,
    ]);
  });
});

describe('the rules of the ledger', () => {
  const world = useWorld({ ledger: true });
  let payment: Payment;
  let processing: Payment;

  beforeAll(async () => {
    payment = await charged(world, aPayment());
    processing = await charged(world, aPayment({ paymentMethodId: 'pm_usBankAccount_success' }));
  });

  it.each([
    ['an amount never changes', `UPDATE payments SET amount_minor_units = 1 WHERE key = $1`],
    ['a currency never changes', `UPDATE payments SET currency = 'EUR' WHERE key = $1`],
    ['a payment has one charge', `UPDATE payments SET charge_id = 'pi_another' WHERE key = $1`],
    ['a payment keeps its customer', `UPDATE payments SET customer_id = 'another' WHERE key = $1`],
    [
      'an end is not taken back',
      `UPDATE payments SET status = 'in-progress', settled_at = NULL WHERE key = $1`,
    ],
    ['an end stays', `UPDATE payments SET status = 'failed', decline_code = 'x' WHERE key = $1`],
    ['a charge is needed to succeed', `UPDATE payments SET charge_id = NULL WHERE key = $1`],
    ['attempts only grow', `UPDATE payments SET attempts = attempts - 1 WHERE key = $1`],
    ['a payment is not deleted', `DELETE FROM payments WHERE key = $1`],
    ['history is not changed', `UPDATE payment_history SET event = 'x' WHERE key = $1`],
    ['history is not deleted', `DELETE FROM payment_history WHERE key = $1`],
  ])('are the database’s own: %s', async (_, statement) => {
    await expect(world.ledger.query(statement, [payment.idempotencyKey])).rejects.toMatchObject({
      code: expect.stringMatching(/^23/),
    });
  });

  it('are the database’s own: a charge belongs to one key', async () => {
    const { charge_id: chargeId } = (await rowOf(world, payment)) ?? {};
    const another = world.ledger.query(
      `INSERT INTO payments SELECT $1, payment_id, customer_id, amount_minor_units, currency, fingerprint, status, $2,
         decline_code, attempts, first_seen_at, processing_since, look_at, settled_at FROM payments WHERE key = $3`,
      ['another', chargeId, payment.idempotencyKey],
    );
    await expect(another).rejects.toMatchObject({ code: '23505' });
  });

  it('are the database’s own: what is processing does not begin again', async () => {
    const back = `UPDATE payments SET status = 'in-progress', look_at = NULL WHERE key = $1`;
    await expect(world.ledger.query(back, [processing.idempotencyKey])).rejects.toMatchObject({
      code: '23514',
    });
  });

  it('make a payment that breaks one a dead letter, and no other payment fails with it', async () => {
    const refused = aPayment({ paymentId: 'refused' });
    await world.ledger.query(`ALTER TABLE payments ADD CHECK (payment_id <> 'refused')`);
    const others = Array.from({ length: 20 }, () => aPayment());
    await Promise.all([refused, ...others].map((each) => world.broker.publishPayment(each)));
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'ledger-refused' });
    await Promise.all(others.map(({ idempotencyKey }) => world.service.completedPayment(idempotencyKey)));
    expect(await gatewayCalls(world.sandbox, refused)).toEqual([]);
    await world.broker.takeDeadLetters(() => undefined);
  });
});
