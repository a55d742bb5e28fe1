import { readChargeRequest } from '../../../../src/dev/sandbox/charge-request';
import { checkPayment } from '../../../../src/dev/sandbox/payment-checks';

const good = { amount: '9999', currency: 'USD', confirm: 'true', payment_method: 'pm_card_visa' };

function requestWith(parameters: Record<string, string>, headers: Record<string, string> = {}) {
  return readChargeRequest({
    method: 'POST',
    path: '/v1/payment_intents',
    query: new URLSearchParams(),
    headers,
    body: new URLSearchParams(parameters).toString(),
  });
}

describe('a payment that can be charged', () => {
  it('has its currency in lower case', () => {
    expect(checkPayment(requestWith(good))).toEqual({
      kind: 'valid',
      payment: {
        amount: 9999,
        currency: 'usd',
        paymentMethod: 'pm_card_visa',
        method: { kind: 'succeeds', brand: 'visa' },
      },
    });
  });

  it.each([
    ['the smallest amount', { amount: '1' }],
    ['the largest amount', { amount: '99999999' }],
    ['a lower case currency', { currency: 'jpy' }],
    ['the largest amount of IDR', { currency: 'idr', amount: '999999999999' }],
    ['three decimals of which the last is 0', { currency: 'kwd', amount: '5120' }],
    ['a whole króna', { currency: 'isk', amount: '500' }],
    ['a currency of 2025', { currency: 'xcg' }],
    [
      'nested parameters',
      { 'payment_method_types[0]': 'card', 'automatic_payment_methods[enabled]': 'true' },
    ],
    ['a customer of the gateway', { customer: 'cus_1' }],
    ['metadata', { 'metadata[order]': 'x'.repeat(500) }],
    ['a bank debit in its currency', { payment_method: 'pm_usBankAccount_success' }],
    ['a debit of another bank', { payment_method: 'pm_sepaDebit_success', currency: 'EUR' }],
    ['a card that will be declined', { payment_method: 'pm_card_visa_chargeDeclined' }],
  ])('%s', (_what, parameters) => {
    expect(checkPayment(requestWith({ ...good, ...parameters })).kind).toBe('valid');
  });

  it.each([
    ['true', { kind: 'declines', failure: { code: 'authentication_required' } }],
    ['false', { kind: 'waits', status: 'requires_action' }],
  ])('that needs its customer, with error_on_requires_action=%s', (error_on_requires_action, method) => {
    const parameters = { payment_method: 'pm_card_authenticationRequired', error_on_requires_action };
    expect(checkPayment(requestWith({ ...good, ...parameters }))).toMatchObject({ payment: { method } });
  });

  it('accepts a key of 255 characters', () => {
    expect(checkPayment(requestWith(good, { 'idempotency-key': 'k'.repeat(255) })).kind).toBe('valid');
  });
});

describe('a payment that is rejected before the card is charged', () => {
  it.each<[string, Record<string, string>, object]>([
    ['no amount', { amount: '' }, { code: 'parameter_missing', param: 'amount' }],
    ['amount 0', { amount: '0' }, { code: 'parameter_invalid_integer', param: 'amount' }],
    ['negative amount', { amount: '-5' }, { code: 'parameter_invalid_integer', param: 'amount' }],
    ['fraction', { amount: '99.99' }, { code: 'parameter_invalid_integer', param: 'amount' }],
    ['exponent', { amount: '1e3' }, { code: 'parameter_invalid_integer', param: 'amount' }],
    ['too much', { amount: '100000000' }, { code: 'amount_too_large', param: 'amount' }],
    ['too much of IDR', { currency: 'idr', amount: '1000000000000' }, { code: 'amount_too_large' }],
    ['a single fils', { currency: 'kwd', amount: '5125' }, { code: 'invalid_charge_amount' }],
    ['half a króna', { currency: 'isk', amount: '550' }, { code: 'invalid_charge_amount' }],
    ['half a shilling', { currency: 'ugx', amount: '150' }, { code: 'invalid_charge_amount' }],
    ['a withdrawn currency', { currency: 'bgn' }, { param: 'currency' }],
    ['a metal', { currency: 'xau' }, { param: 'currency' }],
    ['no currency', { currency: '' }, { code: 'parameter_missing', param: 'currency' }],
    ['unknown currency', { currency: 'xyz' }, { param: 'currency' }],
    ['not confirmed', { confirm: 'false' }, { param: 'confirm' }],
    ['not captured', { capture_method: 'manual' }, { param: 'capture_method' }],
    ['no card', { payment_method: '' }, { code: 'parameter_missing', param: 'payment_method' }],
    [
      'a US debit in euros',
      { payment_method: 'pm_usBankAccount_success', currency: 'eur' },
      { code: 'payment_intent_invalid_parameter', param: 'currency' },
    ],
    [
      'a SEPA debit in dollars',
      { payment_method: 'pm_sepaDebit_success' },
      { code: 'payment_intent_invalid_parameter', param: 'currency' },
    ],
    ['unknown card', { payment_method: 'pm_none' }, { code: 'resource_missing', param: 'payment_method' }],
    ['inherited name as card', { payment_method: 'constructor' }, { code: 'resource_missing' }],
    [
      'a customer id that is not the gateway’s',
      { customer: 'CUST-001' },
      { code: 'resource_missing', param: 'customer' },
    ],
    ['unknown parameter', { amuont: '5' }, { code: 'parameter_unknown', param: 'amuont' }],
    ['long metadata', { 'metadata[a]': 'x'.repeat(501) }, { param: 'metadata' }],
    ['long metadata key', { [`metadata[${'k'.repeat(41)}]`]: '1' }, { param: 'metadata' }],
  ])('%s', (_what, parameters, error) => {
    expect(checkPayment(requestWith({ ...good, ...parameters }))).toMatchObject({
      kind: 'invalid',
      failure: { status: 400, body: { error: { type: 'invalid_request_error', ...error } } },
    });
  });

  it('has a key of more than 255 characters', () => {
    expect(checkPayment(requestWith(good, { 'idempotency-key': 'k'.repeat(256) }))).toMatchObject({
      failure: { status: 400, body: { error: { message: expect.stringContaining('at most 255') } } },
    });
  });
});

describe('the hash of the parameters', () => {
  it('does not depend on their order', () => {
    const reversed = Object.fromEntries(Object.entries(good).reverse());
    expect(requestWith(reversed).parametersHash).toBe(requestWith(good).parametersHash);
  });

  it.each<Record<string, string>>([{ amount: '9998' }, { 'metadata[a]': '1' }, { currency: 'usd' }])(
    'differs with %j',
    (change) => {
      expect(requestWith({ ...good, ...change }).parametersHash).not.toBe(requestWith(good).parametersHash);
    },
  );
});

describe('metadata', () => {
  it('stores a key named __proto__ as an own property', () => {
    const { metadata } = requestWith({ ...good, 'metadata[__proto__]': 'x', 'metadata[order]': '7' });
    expect(Object.entries(metadata)).toEqual([
      ['__proto__', 'x'],
      ['order', '7'],
    ]);
  });
});
