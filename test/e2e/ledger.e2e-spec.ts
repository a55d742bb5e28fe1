import { eventually } from '../support/eventually';
import { gatewayCalls } from '../support/gateway-calls';
import { HeardEvents } from '../support/heard-events';
import { charged, historyOf, rowOf } from '../support/ledger-rows';
import { aPayment, gatewayKey } from '../support/payments';
import type { Payment } from '../support/payments';
import { aPaymentWithReceipt } from '../support/receipts';
import { useWorld } from '../support/world';

const days = (count: number) => Math.floor(Date.now() / 1000) - count * 86_400;

describe('the ledger', () => {
  const world = useWorld({ ledger: true });
  let events: HeardEvents | undefined;

  beforeAll(async () => {
    events = await HeardEvents.on(world.broker.url);
  });
  afterAll(() => events?.close());

  it('has a row for a payment that was charged, and what happened to it', async () => {
    const payment = await charged(world, aPayment());
    const [charge] = await world.sandbox.chargesFor(gatewayKey(payment));
    expect(await rowOf(world, payment)).toMatchObject({
      payment_id: payment.paymentId,
      customer_id: payment.customerId,
      amount_minor_units: '9999',
      currency: 'USD',
      status: 'succeeded',
      charge_id: charge?.paymentIntentId,
      decline_code: null,
      attempts: 1,
      first_seen_at: expect.any(Date),
      settled_at: expect.any(Date),
    });
    expect(await historyOf(world, payment)).toEqual(['attempt 1', `succeeded ${charge?.paymentIntentId}`]);
  });

  it('has the code of a payment that was declined', async () => {
    const payment = await charged(world, aPayment({ paymentMethodId: 'pm_card_visa_chargeDeclined' }));
    expect(await rowOf(world, payment)).toMatchObject({
      status: 'declined',
      decline_code: 'generic_decline',
    });
    expect(await historyOf(world, payment)).toEqual(['attempt 1', 'declined generic_decline']);
  });

  it('has each attempt, and that the payment was delayed', async () => {
    const payment = aPayment();
    const matching = { idempotencyKey: gatewayKey(payment) };
    await world.sandbox.fault({ kind: 'error-500-unstored', matching, times: 2 });
    await charged(world, payment);
    expect(await rowOf(world, payment)).toMatchObject({ status: 'succeeded', attempts: 3 });
    expect(await historyOf(world, payment)).toMatchObject([
      'attempt 1',
      'delayed gateway-unavailable',
      'attempt 2',
      'delayed gateway-unavailable',
      'attempt 3',
      expect.stringMatching(/^succeeded pi_/),
    ]);
  });

  it('has that a payment became a dead letter, and is not ended by it', async () => {
    const payment = aPayment({ paymentMethodId: 'pm_unknown' });
    await world.broker.publishPayment(payment);
    await world.broker.waitForDeadLetters(1);
    expect(await rowOf(world, payment)).toMatchObject({ status: 'in-progress', settled_at: null });
    expect(await historyOf(world, payment)).toEqual(['attempt 1', 'dead-lettered gateway-rejected']);
    await world.broker.takeDeadLetters(() => undefined);
  });

  it('announces ends through its outbox, each once, which is then empty', async () => {
    const succeeded = await charged(world, aPayment());
    const declined = await charged(world, aPayment({ paymentMethodId: 'pm_card_visa_chargeDeclined' }));
    await eventually(() => {
      expect(events?.of(succeeded)).toMatchObject([
        { routingKey: 'payment.succeeded', body: { paymentId: succeeded.paymentId, customerId: 'CUST-001' } },
      ]);
      expect(events?.of(declined)).toMatchObject([
        { routingKey: 'payment.failed', body: { status: 'declined', declineCode: 'generic_decline' } },
      ]);
    });
    await eventually(async () => {
      expect((await world.ledger.query('SELECT FROM payment_outbox')).rowCount).toBe(0);
    });
  });

  it('does not have the address of a receipt, in whatever table', async () => {
    const payment = await charged(world, aPaymentWithReceipt());
    const { rows } = await world.ledger.query<{ found: string }>(
      `SELECT (SELECT count(*) FROM payments p WHERE p::text LIKE $1)
         + (SELECT count(*) FROM payment_history h WHERE h::text LIKE $1)
         + (SELECT count(*) FROM payment_outbox o WHERE o::text LIKE $1) AS found`,
      [`%${String(payment.receiptEmail)}%`],
    );
    expect(rows[0]?.found).toBe('0');
  });
});

describe('a payment that Redis has forgotten', () => {
  const world = useWorld({ ledger: true });

  async function forgotten(payment: Payment): Promise<Payment> {
    await charged(world, payment);
    await world.redis.client.flushdb();
    return payment;
  }

  const duplicates = ({ idempotencyKey }: Payment) =>
    world.service.logged({ msg: 'Duplicate detected', idempotencyKey, from: 'ledger' });

  it('is shown from the ledger', async () => {
    const payment = aPayment();
    const before = await charged(world, payment).then(() => world.service.payment(payment.idempotencyKey));
    await world.redis.client.flushdb();
    const after = await world.service.payment(payment.idempotencyKey);
    expect(after.status).toBe(200);
    expect(after.body).toEqual({ ...(before.body as object), processedAt: expect.any(String) });
  });

  it.each([
    { what: 'a charge', payment: aPayment() },
    { what: 'a refusal', payment: aPayment({ paymentMethodId: 'pm_card_visa_chargeDeclined' }) },
  ])(
    'is answered from the ledger without a call to the gateway, and recorded again: $what',
    async ({ payment }) => {
      await forgotten(payment);
      await world.broker.publishPayment(payment);
      await eventually(() => expect(duplicates(payment)).toHaveLength(1));
      const { result } = (await world.redis.record(payment.idempotencyKey)) ?? {};
      const { body } = await world.service.payment(payment.idempotencyKey);
      expect(body).toMatchObject({ state: 'completed', result });
      expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1);
      // Attempts at an ended payment do not begin.
      expect(await rowOf(world, payment)).toMatchObject({ attempts: 1 });
    },
  );

  it('is answered however old the duplicate is', async () => {
    const payment = await forgotten(aPayment());
    await world.broker.publishPayment(payment, { properties: { timestamp: days(40) } });
    await eventually(() => expect(duplicates(payment)).toHaveLength(1));
    await eventually(() => world.broker.isDrained());
    expect(await world.broker.deadLetters()).toEqual([]);
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1);
  });

  it('keeps its key: another payment under it is rejected, and its own duplicate is still answered', async () => {
    const payment = await forgotten(aPayment());
    for (const timestamp of [days(0), days(40)]) {
      await world.broker.publishPayment({ ...payment, amount: 1 }, { properties: { timestamp } });
      const [letter] = await world.broker.waitForDeadLetters(1);
      expect(letter).toMatchObject({ reason: 'idempotency-key-reused' });
      await world.broker.takeDeadLetters(() => undefined);
    }
    await world.broker.publishPayment(payment);
    await eventually(() => expect(duplicates(payment)).toHaveLength(1));
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1);
  });

  it('is a dead letter outside the deduplication window only if the ledger does not know it either', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment, { properties: { timestamp: days(40) } });
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'outside-deduplication-window' });
    expect(await rowOf(world, payment)).toBeUndefined();
    await world.broker.takeDeadLetters(() => undefined);
  });

  it('and whose first attempt is older than the gateway keeps keys is looked up there, and not charged again', async () => {
    const payment = aPayment({ paymentMethodId: 'pm_unknown' });
    await world.broker.publishPayment(payment);
    await world.broker.waitForDeadLetters(1);
    await world.broker.takeDeadLetters(() => undefined);
    // As if the first attempt had been two days ago; the trigger forbids it.
    await world.ledger.query('ALTER TABLE payments DISABLE TRIGGER ALL');
    await world.ledger.query(
      `UPDATE payments SET first_seen_at = first_seen_at - interval '2 days' WHERE key = $1`,
      [payment.idempotencyKey],
    );
    await world.ledger.query('ALTER TABLE payments ENABLE TRIGGER ALL');
    await world.redis.client.flushdb();
    await world.broker.publishPayment(payment);
    const [letter] = await world.broker.waitForDeadLetters(1);
    expect(letter).toMatchObject({ reason: 'gateway-outcome-unknown' });
    expect(await gatewayCalls(world.sandbox, payment)).toHaveLength(1);
    await world.broker.takeDeadLetters(() => undefined);
  });
});

describe('a ledger in which something changes during an attempt', () => {
  const world = useWorld({ ledger: true });

  /** The gateway has charged it, and its answer is still on the way. */
  async function chargedSoon(): Promise<Payment> {
    const payment = aPayment();
    await world.beginSlowPayment(payment, { ms: 2_000, when: 'after' });
    await eventually(async () => {
      expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
    });
    return payment;
  }

  it('has lost the payment, as with a restored backup: the attempt is repeated, and there is one charge', async () => {
    const payment = await chargedSoon();
    const { idempotencyKey } = payment;
    for (const change of ['DISABLE', 'ENABLE']) {
      if (change === 'ENABLE') {
        await world.ledger.query('DELETE FROM payment_history WHERE key = $1', [idempotencyKey]);
        await world.ledger.query('DELETE FROM payments WHERE key = $1', [idempotencyKey]);
      }
      for (const table of ['payments', 'payment_history'])
        await world.ledger.query(`ALTER TABLE ${table} ${change} TRIGGER ALL`);
    }
    await world.service.completedPayment(idempotencyKey);
    const [charge, ...others] = await world.sandbox.chargesFor(gatewayKey(payment));
    expect(others).toEqual([]);
    expect(await rowOf(world, payment)).toMatchObject({
      status: 'succeeded',
      charge_id: charge?.paymentIntentId,
    });
  });

  it('ends the session of a statement: the service goes on, and the payment is stored', async () => {
    const payment = await chargedSoon();
    const { idempotencyKey } = payment;
    const other = await world.ledger.connect();
    await other.query('BEGIN');
    await other.query('SELECT FROM payments WHERE key = $1 FOR UPDATE', [idempotencyKey]);
    await eventually(async () => {
      const { rowCount } = await world.ledger.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'payment-consumer' AND wait_event_type = 'Lock'`,
      );
      expect(rowCount).toBe(1);
    });
    await other.query('ROLLBACK');
    other.release();
    await world.service.completedPayment(idempotencyKey);
    expect(await rowOf(world, payment)).toMatchObject({ status: 'succeeded' });
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});
