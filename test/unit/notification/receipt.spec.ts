import { receiptFor } from '../../../src/notification/receipt';

const sender = 'receipts@shop.example';
const event = {
  paymentId: 'PAY-001',
  idempotencyKey: 'abc-123',
  chargeId: 'pi_1',
  amountMinorUnits: 9999,
  currency: 'USD',
  customerId: 'CUST-001',
  receiptEmail: 'customer@example.com',
};

describe('a receipt', () => {
  it.each([
    { amountMinorUnits: 9999, currency: 'USD', written: '99.99 USD' },
    { amountMinorUnits: 5, currency: 'EUR', written: '0.05 EUR' },
    { amountMinorUnits: 500, currency: 'JPY', written: '500 JPY' },
    { amountMinorUnits: 1_230, currency: 'KWD', written: '1.230 KWD' },
    { amountMinorUnits: 500, currency: 'ISK', written: '500 ISK' },
    { amountMinorUnits: 100, currency: 'MGA', written: '100 MGA' },
    { amountMinorUnits: 150_000_000, currency: 'IDR', written: '1500000.00 IDR' },
    { amountMinorUnits: 99_999_999, currency: 'USD', written: '999999.99 USD' },
  ])('says $written for $amountMinorUnits minor units', ({ amountMinorUnits, currency, written }) => {
    expect(receiptFor({ ...event, amountMinorUnits, currency }, sender).text).toContain(` ${written}\n`);
  });

  it('names the payment', () => {
    const { subject, text } = receiptFor(event, sender);
    expect(subject).toContain('PAY-001');
    expect(text).toContain('pi_1');
  });

  it('names neither the customer nor the idempotency key', () => {
    const written = JSON.stringify(receiptFor(event, sender));
    expect(['CUST-001', 'abc-123', 'customer@example.com'].filter((word) => written.includes(word))).toEqual(
      [],
    );
  });
});

describe('the Message-ID of a receipt', () => {
  const idOf = (change: Partial<typeof event>) => receiptFor({ ...event, ...change }, sender).messageId;

  it('is the same each time', () => {
    expect(idOf({})).toBe(idOf({ receiptEmail: 'somebody.else@example.com' }));
  });

  it('is different for another key', () => {
    expect(idOf({})).not.toBe(idOf({ idempotencyKey: 'abc-124' }));
  });

  it.each(['x', 'k'.repeat(255), '<>@"\\'])('is well-formed for the key %s', (idempotencyKey) => {
    expect(idOf({ idempotencyKey })).toMatch(/^<receipt\.[0-9a-f]{32}@shop\.example>$/);
  });
});
