import { randomUUID } from 'node:crypto';
import { eventually } from '../support/eventually';
import {
  GatewayClient,
  gatewayError,
  isReplayed,
  messageKey,
  newGatewayKey,
} from '../support/gateway-client';
import { startSandbox } from '../support/sandbox';
import type { Sandbox } from '../support/sandbox';

let sandbox: Sandbox;
let gateway: GatewayClient;

beforeAll(async () => {
  sandbox = await startSandbox();
  gateway = new GatewayClient(sandbox);
});

afterAll(() => sandbox.stop());

async function typesUnder(key: string): Promise<string[]> {
  return (await sandbox.journal(key)).map(({ type }) => type);
}

describe('a charge', () => {
  it('succeeds, and is in the journal with its parameters', async () => {
    const key = newGatewayKey();
    const intent = await gateway.charge(key, {
      currency: 'EUR',
      metadata: { payment_id: 'PAY-1', customer_id: 'CUST-1' },
    });
    expect([intent.status, await sandbox.chargesFor(key)]).toEqual([
      'succeeded',
      [
        expect.objectContaining({
          type: 'charge',
          idempotencyKey: key,
          paymentIntentId: intent.id,
          amount: 9999,
          currency: 'eur',
          customerId: 'CUST-1',
          metadata: { payment_id: 'PAY-1', customer_id: 'CUST-1' },
        }),
      ],
    ]);
  });

  it.each(['pm_card_mastercard', 'pm_card_amex'])('succeeds with %s', async (payment_method) => {
    expect((await gateway.charge(newGatewayKey(), { payment_method })).amount_received).toBe(9999);
  });

  it('answers with a request id', async () => {
    expect((await gateway.charge(newGatewayKey())).lastResponse.requestId).toMatch(/^req_\w+$/);
  });
});

describe('a declined card', () => {
  it.each([
    ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
    ['pm_card_visa_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
    ['pm_card_visa_chargeDeclinedStolenCard', 'card_declined', 'stolen_card'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', ''],
    ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', ''],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error', ''],
  ])('%s is a card error', async (payment_method, code, decline_code) => {
    const error = await gatewayError(gateway.charge(newGatewayKey(), { payment_method }));
    expect(error).toMatchObject({ type: 'StripeCardError', statusCode: 402, code, decline_code });
  });

  it('creates a payment that was not charged', async () => {
    const key = newGatewayKey();
    const error = await gatewayError(gateway.charge(key, { payment_method: 'pm_card_visa_chargeDeclined' }));
    const intent = await gateway.stripe.paymentIntents.retrieve(error.payment_intent?.id ?? '');
    expect([intent.status, intent.last_payment_error?.decline_code, await sandbox.chargesFor(key)]).toEqual([
      'requires_payment_method',
      'generic_decline',
      [],
    ]);
  });

  it('is declined again for the same key, from the stored answer', async () => {
    const key = newGatewayKey();
    const params = { payment_method: 'pm_card_visa_chargeDeclined' };
    await gatewayError(gateway.charge(key, params));
    const again = await gatewayError(gateway.charge(key, params));
    expect([again.type, isReplayed(again)]).toEqual(['StripeCardError', true]);
  });
});

describe('the same key again', () => {
  it('gets the first answer, marked as replayed, without a charge', async () => {
    const key = newGatewayKey();
    const first = await gateway.charge(key);
    const again = await gateway.charge(key);
    expect([again, isReplayed(again.lastResponse), await typesUnder(key)]).toEqual([
      first,
      true,
      ['charge', 'replay'],
    ]);
  });

  it('with other parameters is an idempotency error', async () => {
    const key = newGatewayKey();
    await gateway.charge(key);
    const error = await gatewayError(gateway.charge(key, { amount: 1 }));
    expect([error.type, error.statusCode, await typesUnder(key)]).toEqual([
      'StripeIdempotencyError',
      400,
      ['charge', 'mismatch'],
    ]);
  });

  it('while the first request runs is a conflict', async () => {
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'delay', delayMs: 1_000, matching: { idempotencyKey: key } });
    const first = gateway.charge(key);
    await eventually(async () => expect(await typesUnder(key)).toEqual(['fault']));
    const error = await gatewayError(gateway.charge(key));
    expect([error.type, error.statusCode, error.code, (await first).status, await typesUnder(key)]).toEqual([
      'StripeAPIError',
      409,
      'idempotency_key_in_use',
      'succeeded',
      ['fault', 'conflict', 'charge'],
    ]);
  });

  it('is executed after a request that failed validation', async () => {
    const key = newGatewayKey();
    const error = await gatewayError(gateway.charge(key, { payment_method: 'pm_unknown' }));
    const intent = await gateway.charge(key);
    expect([error.type, error.code, intent.status, await typesUnder(key)]).toEqual([
      'StripeInvalidRequestError',
      'resource_missing',
      'succeeded',
      ['rejected', 'charge'],
    ]);
  });
});

describe('an API key', () => {
  it.each(['pk_test_public', 'nonsense', 'sk_'])('%s is rejected', async (apiKey) => {
    const error = await gatewayError(new GatewayClient(sandbox, apiKey).stripe.paymentIntents.list());
    expect([error.type, error.statusCode]).toEqual(['StripeAuthenticationError', 401]);
  });

  it('is required', async () => {
    expect((await fetch(`${sandbox.url}/v1/payment_intents`)).status).toBe(401);
  });

  it('that is valid gives access to the payments', async () => {
    expect((await gateway.stripe.paymentIntents.list()).object).toBe('list');
  });
});

describe('looking a payment up', () => {
  it('finds it by its metadata, including quotes', async () => {
    const note = `it's "quoted" \\ ${randomUUID()}`;
    const intent = await gateway.charge(newGatewayKey(), { metadata: { note, kind: 'search' } });
    const value = note.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`);
    const found = await gateway.stripe.paymentIntents.search({
      query: `metadata['note']:'${value}' AND metadata['kind']:'search'`,
    });
    expect(found.data.map(({ id }) => id)).toEqual([intent.id]);
  });

  it('finds a declined payment', async () => {
    const key = newGatewayKey();
    await gatewayError(gateway.charge(key, { payment_method: 'pm_card_visa_chargeDeclined' }));
    const query = `metadata['idempotency_key']:'${messageKey(key)}'`;
    const found = await gateway.stripe.paymentIntents.search({ query });
    expect(found.data.map(({ status }) => status)).toEqual(['requires_payment_method']);
  });

  it('pages through a search', async () => {
    const batch = randomUUID();
    const ids: string[] = [];
    for (let made = 0; made < 3; made++)
      ids.unshift((await gateway.charge(newGatewayKey(), { metadata: { batch } })).id);
    const found: string[] = [];
    const query = `metadata['batch']:'${batch}'`;
    for await (const { id } of gateway.stripe.paymentIntents.search({ query, limit: 1 })) found.push(id);
    expect(found).toEqual(ids);
  });

  it('lists payments since a time, newest first, page by page', async () => {
    const first = await gateway.charge(newGatewayKey());
    const second = await gateway.charge(newGatewayKey());
    const page = await gateway.stripe.paymentIntents.list({ limit: 1, created: { gte: first.created } });
    const next = await gateway.stripe.paymentIntents.list({ limit: 1, starting_after: second.id });
    expect([page.data[0]?.id, page.has_more, next.data[0]?.id]).toEqual([second.id, true, first.id]);
  });

  it('answers 404 for an unknown payment', async () => {
    const error = await gatewayError(gateway.stripe.paymentIntents.retrieve('pi_none'));
    expect([error.statusCode, error.code]).toEqual([404, 'resource_missing']);
  });
});
