import { randomUUID } from 'node:crypto';
import { aPayment } from '../support/payments';
import { useWorld } from '../support/world';

interface Page {
  readonly payments: readonly { readonly paymentId: string; readonly status: string }[];
  readonly nextCursor?: string;
}

describe('GET /payments', () => {
  const world = useWorld({ ledger: true, env: { READ_API: 'true' } });
  const customerId = 'CUST-list';
  const list = async (query: Record<string, string>) =>
    world.service.get(`/payments?${new URLSearchParams(query).toString()}`);
  const pageOf = async (query: Record<string, string>) => (await list(query)).body as Page;

  beforeAll(async () => {
    const payments = [
      aPayment({ customerId, paymentId: 'PAY-1' }),
      aPayment({ customerId, paymentId: 'PAY-2', paymentMethodId: 'pm_card_visa_chargeDeclined' }),
      aPayment({ customerId, paymentId: 'PAY-3', receiptEmail: 'someone@example.com' }),
      aPayment({ customerId: 'CUST-other', paymentId: 'PAY-4' }),
    ];
    for (const payment of payments) {
      await world.broker.publishPayment(payment);
      await world.service.completedPayment(payment.idempotencyKey);
    }
  });

  it('lists all payments, newest first, with what came of them and nothing personal', async () => {
    const { payments } = await pageOf({});
    expect(payments.map(({ paymentId }) => paymentId)).toEqual(['PAY-4', 'PAY-3', 'PAY-2', 'PAY-1']);
    expect(payments[2]).toEqual({
      idempotencyKey: expect.any(String),
      paymentId: 'PAY-2',
      amountMinorUnits: 9999,
      currency: 'USD',
      status: 'declined',
      chargeId: expect.stringMatching(/^pi_/),
      declineCode: 'generic_decline',
      attempts: 1,
      firstSeenAt: expect.stringMatching(/Z$/),
      settledAt: expect.stringMatching(/Z$/),
    });
    expect(JSON.stringify(payments)).not.toMatch(/CUST|someone|fingerprint/);
  });

  it('lists those of one customer, with one status, and from one moment to another', async () => {
    const idsOf = async (query: Record<string, string>) =>
      (await pageOf(query)).payments.map(({ paymentId }) => paymentId);
    expect(await idsOf({ customerId })).toEqual(['PAY-3', 'PAY-2', 'PAY-1']);
    expect(await idsOf({ customerId, status: 'succeeded' })).toEqual(['PAY-3', 'PAY-1']);
    expect(await idsOf({ customerId: 'nobody' })).toEqual([]);
    const [hour, now] = [new Date(Date.now() + 3_600_000).toISOString(), new Date(0).toISOString()];
    expect(await idsOf({ from: now, to: hour })).toHaveLength(4);
    expect(await idsOf({ from: hour })).toEqual([]);
    expect(await idsOf({ to: now })).toEqual([]);
  });

  it('goes on behind the last payment of a page, each payment once, also of the same moment', async () => {
    const customer = `CUST-${randomUUID()}`;
    await world.ledger.query(
      `INSERT INTO payments (key, payment_id, customer_id, amount_minor_units, currency, status, attempts, first_seen_at)
       SELECT 'many-' || n, 'PAY-' || n, $1, 100, 'USD', 'in-progress', 1, timestamptz '2026-01-01' + (n / 50) * interval '1 microsecond'
       FROM generate_series(1, 250) n`,
      [customer],
    );
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page: Page = await pageOf({ customerId: customer, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.payments.map(({ paymentId }) => paymentId));
      cursor = page.nextCursor;
      pages++;
    } while (cursor !== undefined);
    expect([pages, seen.length, new Set(seen).size]).toEqual([3, 250, 250]);
  });

  it.each([
    [{ status: 'paid' }, 'status'],
    [{ from: 'yesterday' }, 'from'],
    [{ to: '2026-13-01' }, 'to'],
    [{ cursor: 'bm90IG9uZQ' }, 'cursor'],
    [{ customer: 'CUST-1' }, 'customer'],
  ])('names what is wrong in a query: %j', async (query, field) => {
    expect(await list(query as Record<string, string>)).toMatchObject({
      status: 400,
      body: { errors: [{ field }] },
    });
  });
});

describe('GET /payments without READ_API', () => {
  const world = useWorld({ ledger: true });

  it('does not exist', async () => {
    expect(await world.service.get('/payments')).toMatchObject({ status: 404 });
  });
});
