import Stripe from 'stripe';
import { GatewayError } from '../../../../src/payment/gateway/payment-gateway';
import { declinedIn, gatewayErrorFrom } from '../../../../src/payment/gateway/stripe-errors';

describe('the text of a failure at the gateway', () => {
  it('has the known facts, and nothing for the others', () => {
    const known = Stripe.errors.StripeError.generate({
      type: 'invalid_request_error',
      message: 'canary',
      statusCode: 400,
      code: 'parameter_missing',
      param: 'amount',
      requestId: 'req_1',
      headers: {},
    });
    const unknown = new Stripe.errors.StripeAPIError({ type: 'api_error', message: 'canary' });
    expect([gatewayErrorFrom(known).message, gatewayErrorFrom(unknown).message]).toEqual([
      'gateway rejected: StripeInvalidRequestError, 400, parameter_missing, param amount, req_1',
      'gateway unavailable: StripeAPIError',
    ]);
  });
});

describe('a 5xx under a key', () => {
  const answered = (statusCode: number, replayed: string) =>
    Stripe.errors.StripeError.generate({
      type: 'api_error',
      message: 'canary',
      statusCode,
      headers: { 'idempotent-replayed': replayed },
    });

  it.each([500, 501, 599])('that is replayed never changes: %d', (status) => {
    expect(gatewayErrorFrom(answered(status, 'true')).failure).toEqual({ kind: 'outcome-unknown' });
  });

  it('that the gateway says is not replayed may change', () => {
    expect(gatewayErrorFrom(answered(500, 'false')).failure).toMatchObject({ kind: 'unavailable' });
  });
});

describe('a declined card', () => {
  it('has no charge id if the gateway names none', () => {
    const error = Stripe.errors.StripeError.generate({
      type: 'card_error',
      message: 'canary',
      statusCode: 402,
      headers: {},
    });
    expect(Object.keys(declinedIn(error) ?? {})).toEqual(['kind', 'declineCode']);
  });
});

describe('an error that does not come from the gateway', () => {
  it('is rethrown', () => {
    const fault = new TypeError('x is undefined');
    expect(() => gatewayErrorFrom(fault)).toThrow(fault);
  });

  it('is not changed if it was classified before', () => {
    const error = new GatewayError({ kind: 'rejected' }, 'why');
    expect(gatewayErrorFrom(error)).toBe(error);
  });
});
