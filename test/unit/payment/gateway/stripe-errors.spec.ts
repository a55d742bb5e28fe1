import Stripe from 'stripe';
import { GatewayError } from '../../../../src/payment/gateway/payment-gateway';
import {
  declinedIn,
  gatewayErrorFrom,
  mayNotSearch,
  readFailure,
} from '../../../../src/payment/gateway/stripe-errors';

type Raw = Parameters<typeof Stripe.errors.StripeError.generate>[0];

/** The error that the package creates for an answer with an error in its body. */
function answered(statusCode: number, raw: Partial<Raw> = {}): Stripe.errors.StripeError {
  return Stripe.errors.StripeError.generate({
    type: 'api_error',
    message: 'canary: a text of the gateway',
    requestId: 'req_1',
    headers: {},
    ...raw,
    statusCode,
  });
}

describe('a declined card (402)', () => {
  it.each([
    {
      given: { decline_code: 'insufficient_funds', code: 'card_declined' },
      declineCode: 'insufficient_funds',
    },
    { given: { code: 'expired_card' }, declineCode: 'expired_card' },
    { given: {}, declineCode: 'card_declined' },
  ])('is a decision: $declineCode', ({ given, declineCode }) => {
    expect(declinedIn(answered(402, { type: 'card_error', ...given }))).toEqual({
      kind: 'declined',
      declineCode,
    });
  });

  it('names the payment', () => {
    const body = '{"type":"card_error","code":"card_declined","payment_intent":{"id":"pi_1"}}';
    const raw: Raw = JSON.parse(body);
    const error = answered(402, raw);
    expect(declinedIn(error)).toMatchObject({ kind: 'declined', chargeId: 'pi_1' });
  });

  it('is also a decision if it is replayed', () => {
    const headers = { 'idempotent-replayed': 'true' };
    expect(declinedIn(answered(402, { type: 'card_error', headers }))).toMatchObject({ kind: 'declined' });
  });
});

describe('an answer without a decision', () => {
  it.each([
    { what: '429', error: answered(429, { type: 'invalid_request_error' }), kind: 'unavailable' },
    {
      what: '400 rate_limit',
      error: answered(400, { type: 'invalid_request_error', code: 'rate_limit' }),
      kind: 'unavailable',
    },
    {
      what: '409, the key is in progress',
      error: answered(409, { type: 'idempotency_error' }),
      kind: 'unavailable',
    },
    { what: '500', error: answered(500), kind: 'unavailable' },
    { what: '502', error: answered(502), kind: 'unavailable' },
    { what: '503', error: answered(503), kind: 'unavailable' },
    { what: '401', error: answered(401, { type: 'authentication_error' }), kind: 'unauthorized' },
    { what: '403', error: answered(403, { type: 'invalid_request_error' }), kind: 'forbidden' },
    {
      what: '400 invalid',
      error: answered(400, { type: 'invalid_request_error', param: 'amount' }),
      kind: 'rejected',
    },
    { what: '404', error: answered(404, { type: 'invalid_request_error' }), kind: 'rejected' },
    { what: '422', error: answered(422), kind: 'rejected' },
    {
      what: '400 idempotency_error',
      error: answered(400, { type: 'idempotency_error' }),
      kind: 'key-reused',
    },
    {
      what: 'a connection that broke',
      error: new Stripe.errors.StripeConnectionError({ type: 'api_error', message: 'canary' }),
      kind: 'unavailable',
    },
    {
      what: 'an answer that is not JSON',
      error: new Stripe.errors.StripeAPIError({ type: 'api_error', message: 'canary' }),
      kind: 'unavailable',
    },
  ])('means $kind: $what', ({ error, kind }) => {
    expect(gatewayErrorFrom(error).failure).toEqual({ kind });
  });

  it('keeps its cause if no answer came; an answer is left out, because its text may quote personal data', () => {
    const error = new Stripe.errors.StripeConnectionError({
      type: 'api_error',
      message: 'connection refused',
    });
    expect(gatewayErrorFrom(error).cause).toBe(error);
    expect(gatewayErrorFrom(answered(400, { type: 'invalid_request_error' })).cause).toBeUndefined();
  });
});

describe('a stored 5xx that the gateway replays', () => {
  const headers = { 'idempotent-replayed': 'true' };

  it.each([500, 503])('never changes under this key: %d', (status) => {
    expect(gatewayErrorFrom(answered(status, { headers })).failure).toEqual({ kind: 'outcome-unknown' });
  });

  it('is different from a replayed rejection', () => {
    const refused = answered(400, { type: 'invalid_request_error', headers });
    expect(gatewayErrorFrom(refused).failure).toEqual({ kind: 'rejected' });
  });

  it('is different from a first 5xx', () => {
    const first = answered(500, { headers: { 'idempotent-replayed': 'false' } });
    expect(gatewayErrorFrom(first).failure).toEqual({ kind: 'unavailable' });
  });
});

describe('Retry-After', () => {
  it.each([429, 409, 503])('is respected with %d', (status) => {
    const error = answered(status, { headers: { 'retry-after': '7' } });
    expect(gatewayErrorFrom(error).failure).toEqual({ kind: 'unavailable', retryAfterMs: 7_000 });
  });

  it.each(['soon', '-1', '0', '', 'Wed, 21 Oct 2026 07:28:00 GMT'])('is ignored if it is %p', (value) => {
    const error = answered(429, { headers: { 'retry-after': value } });
    expect(gatewayErrorFrom(error).failure).toEqual({ kind: 'unavailable' });
  });
});

describe('the message of a failure', () => {
  it('has the codes that an operator can look up', () => {
    const error = answered(400, { type: 'invalid_request_error', code: 'amount_too_small', param: 'amount' });
    expect(gatewayErrorFrom(error).message).toBe(
      'gateway rejected: StripeInvalidRequestError, 400, amount_too_small, param amount, req_1',
    );
  });

  it.each([400, 401, 403, 409, 429, 500])('has no text of the gateway: %d', (status) => {
    expect(gatewayErrorFrom(answered(status)).message).not.toContain('canary');
  });
});

describe('an error that does not come from the package', () => {
  it('passes a GatewayError through', () => {
    const error = new GatewayError({ kind: 'outcome-unknown' }, 'no trace of it');
    expect(gatewayErrorFrom(error)).toBe(error);
  });

  it('is rethrown, because it says nothing about the charge', () => {
    const error = new TypeError('x is undefined');
    expect(() => gatewayErrorFrom(error)).toThrow(error);
  });
});

describe('an answer with an ambiguous status', () => {
  it.each([408, 425])('leaves the outcome open: %s', (status) => {
    expect(gatewayErrorFrom(answered(status)).failure).toEqual({ kind: 'unavailable' });
  });

  it('is no declined card when it is not about a card: 402', () => {
    expect(gatewayErrorFrom(answered(402, { type: 'invalid_request_error' })).failure).toEqual({
      kind: 'rejected',
    });
  });
});

describe('an answer to a look-up', () => {
  it('is not a decision, even if it would be one for a charge', () => {
    expect(readFailure(answered(402, { type: 'card_error' })).failure).toEqual({ kind: 'unavailable' });
    expect(readFailure(answered(401, { type: 'authentication_error' })).failure).toEqual({
      kind: 'unauthorized',
    });
  });

  it.each([
    { what: '400', error: answered(400, { type: 'invalid_request_error' }), mayNot: true },
    { what: '403', error: answered(403, { type: 'invalid_request_error' }), mayNot: true },
    { what: '401', error: answered(401, { type: 'authentication_error' }), mayNot: false },
    { what: '500', error: answered(500), mayNot: false },
    { what: 'anything else', error: new Error('why'), mayNot: false },
  ])('says that the account may not search: $what, $mayNot', ({ error, mayNot }) => {
    expect(mayNotSearch(error)).toBe(mayNot);
  });
});
