import { parseEnvironment } from '../../../src/config/parse-environment';
import { InvalidPaymentError, PaymentRequestPipe } from '../../../src/payment/payment-request.pipe';

const pipe = new PaymentRequestPipe(
  parseEnvironment({
    RABBITMQ_URL: 'amqp://localhost',
    REDIS_URL: 'redis://localhost',
    STRIPE_API_KEY: 'sk_test_1',
    PAYMENT_DEFAULT_CURRENCY: 'JPY',
    STRIPE_DEFAULT_PAYMENT_METHOD: 'pm_default',
  }),
);

const required = { paymentId: 'PAY-001', customerId: 'CUST-001', amount: 500 };
const whole = {
  ...required,
  amount: 99.99,
  idempotencyKey: 'abc-123',
  currency: 'USD',
  paymentMethodId: 'pm_card_visa',
};

/** All problems of a body. */
function problemsOf(body: unknown): string[] {
  try {
    pipe.transform(body);
  } catch (error) {
    if (error instanceof InvalidPaymentError) return error.message.split('; ');
    throw error;
  }
  return [];
}

describe('a valid body', () => {
  it('becomes a payment that can be charged', () => {
    expect(pipe.transform(whole)).toEqual({
      paymentId: 'PAY-001',
      customerId: 'CUST-001',
      paymentMethodId: 'pm_card_visa',
      money: { minorUnits: 9_999, currency: 'USD' },
    });
  });

  it('gets the defaults for missing fields', () => {
    expect(pipe.transform(required)).toMatchObject({
      paymentMethodId: 'pm_default',
      money: { minorUnits: 500, currency: 'JPY' },
    });
  });

  it('is not changed', () => {
    const body = { ...whole };
    pipe.transform(body);
    expect(body).toEqual(whole);
  });

  it.each(['x', 'ö'.repeat(255), '支付-001', 'order 17/b'])('may have the payment id %p', (paymentId) => {
    expect(pipe.transform({ ...required, paymentId })).toMatchObject({ paymentId });
  });
});

describe('a wrong field', () => {
  const texts = (field: string) => [
    { field, value: '' },
    { field, value: 'x'.repeat(256) },
    { field, value: 7 },
    { field, value: { id: 'x' } },
    { field, value: ['x'] },
    { field, value: 'two\nlines' },
    { field, value: 'nul\0' },
    { field, value: '4242424242424242' },
    { field, value: '4242 4242 4242 4242' },
  ];

  it.each([
    ...['paymentId', 'customerId', 'paymentMethodId'].flatMap(texts),
    { field: 'paymentId', value: undefined },
    { field: 'paymentId', value: null },
    { field: 'customerId', value: undefined },
    { field: 'customerId', value: null },
    { field: 'amount', value: undefined },
    { field: 'amount', value: null },
    { field: 'amount', value: '99.99' },
    { field: 'amount', value: NaN },
    { field: 'amount', value: Infinity },
    { field: 'amount', value: [1] },
    { field: 'amount', value: 0 },
    { field: 'amount', value: -1 },
    { field: 'amount', value: 0.001 },
    { field: 'amount', value: 1e9 },
    { field: 'currency', value: 'usd' },
    { field: 'currency', value: 'QQQ' },
    { field: 'currency', value: 840 },
    { field: 'currency', value: '' },
    { field: 'unknown', value: 1 },
  ])('is the only one that is named: $field = $value', ({ field, value }) => {
    const text = problemsOf({ ...whole, [field]: value }).join();
    const named = [...Object.keys(whole), 'unknown'].filter((name) => text.includes(name));
    expect(named).toEqual([field]);
  });

  it('is named for each required field of an empty body', () => {
    const named = new Set(problemsOf({}).map((problem) => problem.split(' ')[0]));
    expect([...named].sort()).toEqual(['amount', 'customerId', 'paymentId']);
  });

  it('is named together with all the others', () => {
    const text = problemsOf({
      ...whole,
      paymentId: 7,
      customerId: '',
      amount: '1',
      currency: 'usd',
      more: 1,
    }).join();
    const fields = ['paymentId', 'customerId', 'amount', 'currency', 'more'];
    expect(fields.filter((field) => !text.includes(field))).toEqual([]);
  });

  it('is named without its value', () => {
    const values = {
      paymentId: 'canary\n',
      customerId: ['canary'],
      amount: 'canary',
      currency: 'canary',
      paymentMethodId: '4242424242424242',
      more: 'canary',
    };
    expect(problemsOf(values).join()).not.toMatch(/canary|4242/);
  });
});

describe('a prototype in the body', () => {
  const withPrototype = (prototype: object, own: object): unknown =>
    JSON.parse(JSON.stringify(own).replace(/^\{/, `{"__proto__":${JSON.stringify(prototype)},`));

  it('is an unknown field: it supplies no field, and replaces no default', () => {
    expect(problemsOf(withPrototype({ paymentMethodId: 'pm_theirs' }, required))).toEqual([
      'property __proto__ should not exist',
    ]);
    const { paymentId, ...rest } = whole;
    expect(problemsOf(withPrototype({ paymentId }, { a: 1, ...rest })).join()).toContain('paymentId must be');
  });

  it('changes no other object', () => {
    problemsOf(withPrototype({ polluted: true }, required));
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('a field with the name of an inherited property', () => {
  it.each(['toString', 'valueOf', 'hasOwnProperty', 'constructor', '__proto__', 'prototype'])(
    'is rejected, and named once: %s',
    (name) => {
      const body: unknown = JSON.parse(JSON.stringify(required).replace('{', `{"${name}":1,`));
      expect(problemsOf(body)).toEqual([`property ${name} should not exist`]);
    },
  );
});

describe('a body of thousands of fields', () => {
  it('is rejected with one sentence', () => {
    const names = Array.from({ length: 5_000 }, (_, index) => [`field${index}`, index]);
    expect(problemsOf({ ...required, ...Object.fromEntries(names) })).toEqual([
      'the body has 5003 fields, 64 are allowed',
    ]);
  });
});
