import { GatewayClient, gatewayError, isReplayed, newGatewayKey } from '../support/gateway-client';
import { startSandbox } from '../support/sandbox';
import type { Sandbox } from '../support/sandbox';

let sandbox: Sandbox;
let gateway: GatewayClient;

beforeAll(async () => {
  sandbox = await startSandbox();
  gateway = new GatewayClient(sandbox);
});

afterEach(() => sandbox.clearFaults());
afterAll(() => sandbox.stop());

async function typesUnder(key: string): Promise<string[]> {
  return (await sandbox.journal(key)).map(({ type }) => type);
}

describe('a lost answer', () => {
  // The Stripe client repeats a request once by default after a closed connection, so the fault must occur twice.
  const twice = { times: 2 };

  it('after the charge: with a retry there is one charge', async () => {
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'drop-after', ...twice });
    const error = await gatewayError(gateway.charge(key));
    const retried = await gateway.charge(key);
    expect([error.type, isReplayed(retried.lastResponse), (await sandbox.chargesFor(key)).length]).toEqual([
      'StripeConnectionError',
      true,
      1,
    ]);
  });

  it('before the charge: nothing is stored', async () => {
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'drop-before', ...twice });
    const error = await gatewayError(gateway.charge(key));
    expect([error.type, await typesUnder(key)]).toEqual(['StripeConnectionError', ['fault', 'fault']]);
  });
});

describe('a fault that declines the card', () => {
  it('declines any card, also on a repeat with the same key', async () => {
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'decline' });
    const first = await gatewayError(gateway.charge(key));
    const again = await gatewayError(gateway.charge(key));
    expect([first.decline_code, again.decline_code, isReplayed(again)]).toEqual([
      'generic_decline',
      'generic_decline',
      true,
    ]);
    expect(await sandbox.chargesFor(key)).toEqual([]);
  });
});

describe('a failure of the gateway', () => {
  it('during execution is stored and always replayed', async () => {
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'error-500' });
    const first = await gatewayError(gateway.charge(key));
    const again = await gatewayError(gateway.charge(key));
    expect([first.statusCode, isReplayed(first), again.statusCode, isReplayed(again), again.message]).toEqual(
      [500, false, 500, true, first.message],
    );
  });

  it('can hide a charge, which a search finds', async () => {
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'error-500', charged: true });
    await gatewayError(gateway.charge(key, { metadata: { hidden: key } }));
    const again = await gatewayError(gateway.charge(key, { metadata: { hidden: key } }));
    const found = await gateway.stripe.paymentIntents.search({ query: `metadata['hidden']:'${key}'` });
    expect([again.statusCode, found.data.map(({ status }) => status)]).toEqual([500, ['succeeded']]);
  });

  it('before the idempotency layer is not stored: the next attempt succeeds', async () => {
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'error-500-unstored', status: 502 });
    const first = await gatewayError(gateway.charge(key));
    expect([first.type, first.statusCode, (await gateway.charge(key)).status]).toEqual([
      'StripeAPIError',
      502,
      'succeeded',
    ]);
  });
});

describe('a rejected request', () => {
  it('at the rate limit has a Retry-After, and is not stored', async () => {
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'rate-limit', retryAfterSeconds: 7 });
    const first = await gatewayError(gateway.charge(key));
    expect([first.type, first.headers?.['retry-after'], (await gateway.charge(key)).status]).toEqual([
      'StripeRateLimitError',
      '7',
      'succeeded',
    ]);
  });

  it('with a conflict is not stored', async () => {
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'conflict' });
    const first = await gatewayError(gateway.charge(key));
    expect([first.statusCode, first.code, (await gateway.charge(key)).status]).toEqual([
      409,
      'idempotency_key_in_use',
      'succeeded',
    ]);
  });

  it('with an invalid API key: charges and look-ups fail until the fault is cleared', async () => {
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'unauthorized', times: 0 });
    const refused = [gateway.charge(key), gateway.stripe.paymentIntents.list(), gateway.charge(key)].map(
      gatewayError,
    );
    const types = (await Promise.all(refused)).map(({ type }) => type);
    await sandbox.clearFaults();
    expect([new Set(types), (await gateway.charge(key)).status]).toEqual([
      new Set(['StripeAuthenticationError']),
      'succeeded',
    ]);
  });
});

describe('a gateway that', () => {
  it('ignores keys makes a charge for each request', async () => {
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'ignore-keys', times: 0 });
    const [first, second] = [await gateway.charge(key), await gateway.charge(key)];
    expect([first.id === second.id, (await sandbox.chargesFor(key)).length]).toEqual([false, 2]);
  });

  it('forgets its keys makes one more charge', async () => {
    const key = newGatewayKey();
    await gateway.charge(key);
    await sandbox.fault({ kind: 'forget-keys' });
    await gateway.charge(key);
    const third = await gateway.charge(key);
    expect([isReplayed(third.lastResponse), (await sandbox.chargesFor(key)).length]).toEqual([true, 2]);
  });

  it('fails at random fails for the same requests with the same seed', async () => {
    const pattern = async (): Promise<string> => {
      await sandbox.fault({ kind: 'conflict', times: 0, probability: 0.5, seed: 11 });
      let outcomes = '';
      for (let request = 0; request < 20; request++) {
        const charged = await gateway.charge(newGatewayKey()).then(
          () => true,
          () => false,
        );
        outcomes += charged ? '+' : '-';
      }
      await sandbox.clearFaults();
      return outcomes;
    };
    const first = await pattern();
    expect([await pattern(), new Set(first)]).toEqual([first, new Set(['+', '-'])]);
  });
});

describe('a fault for one payment', () => {
  it.each([
    ['key', (key: string) => ({ idempotencyKey: key })],
    ['payment id', (key: string) => ({ paymentId: key })],
  ])('matches its %s and does not affect others', async (_by, matching) => {
    const [bad, good] = [newGatewayKey(), newGatewayKey()];
    await sandbox.fault({ kind: 'conflict', matching: matching(bad) });
    const other = await gateway.charge(good, { metadata: { payment_id: good } });
    const error = await gatewayError(gateway.charge(bad, { metadata: { payment_id: bad } }));
    expect([other.status, error.statusCode]).toEqual(['succeeded', 409]);
  });
});

describe('the control interface', () => {
  it('rejects an invalid fault, and says what is allowed', async () => {
    await expect(sandbox.fault({ kind: 'delay', delayMs: -1 })).rejects.toThrow(
      'answered 400: {"error":{"message":"The fault was not accepted: delayMs must be an integer from 0 to 600000.',
    );
  });

  it('lists the active faults', async () => {
    await sandbox.fault({ kind: 'rate-limit', times: 3 });
    const response = await fetch(`${sandbox.url}/_sandbox/faults`);
    expect(await response.json()).toEqual({
      faults: [expect.objectContaining({ kind: 'rate-limit', times: 3, fired: 0, retryAfterSeconds: 1 })],
    });
  });

  it('deletes all data on request', async () => {
    const key = newGatewayKey();
    await gateway.charge(key);
    const { status } = await fetch(`${sandbox.url}/_sandbox/journal`, { method: 'DELETE' });
    const replay = await gateway.charge(key);
    expect([status, isReplayed(replay.lastResponse), (await sandbox.charges()).length]).toEqual([
      200,
      false,
      1,
    ]);
  });

  it('answers 404 with the list of paths for an unknown path', async () => {
    const response = await fetch(`${sandbox.url}/_sandbox/nothing`);
    expect([response.status, await response.text()]).toEqual([
      404,
      expect.stringContaining('/_sandbox/charges'),
    ]);
  });
});
