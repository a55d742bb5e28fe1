import { PaymentSucceededPipe } from '../../../src/notification/payment-succeeded.pipe';

const pipe = new PaymentSucceededPipe();
const event = {
  paymentId: 'PAY-001',
  idempotencyKey: 'abc-123',
  chargeId: 'pi_1',
  amountMinorUnits: 9999,
  currency: 'USD',
  customerId: 'CUST-001',
  receiptEmail: 'customer@example.com',
};

describe('an event payment.succeeded', () => {
  it('is accepted unchanged', () => {
    expect(pipe.transform(event)).toEqual(event);
  });

  it('needs no address', () => {
    expect(pipe.transform({ ...event, receiptEmail: undefined }).receiptEmail).toBeUndefined();
  });

  it('loses unknown fields', () => {
    expect(pipe.transform({ ...event, loyaltyPoints: 7 })).toEqual(event);
  });

  it.each([
    { amountMinorUnits: 0 },
    { amountMinorUnits: 99.99 },
    { amountMinorUnits: '9999' },
    { currency: 'usd' },
    { currency: undefined },
    { paymentId: 'PAY\r\nBcc: somebody@example.com' },
    { chargeId: '' },
    { customerId: '4242 4242 4242 4242' },
    { idempotencyKey: 7 },
    { receiptEmail: 'customer@example.com, somebody.else@example.com' },
    { receiptEmail: 'Customer <customer@example.com>' },
    { receiptEmail: 'customer@example.com\r\nBcc: somebody.else@example.com' },
    { receiptEmail: ['customer@example.com'] },
  ])('is rejected with %j, and the field is named', (change) => {
    const [field = ''] = Object.keys(change);
    expect(() => pipe.transform({ ...event, ...change })).toThrow(field);
  });

  it('is rejected without quoting a value', () => {
    const wrong = { ...event, receiptEmail: 'secret address' };
    expect(() => pipe.transform(wrong)).toThrow(/^((?!secret address)[^])*$/);
  });

  it.each([new Error('not JSON'), null, 'text'])('is not %p', (body) => {
    expect(() => pipe.transform(body)).toThrow();
  });
});
