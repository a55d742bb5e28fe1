import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** Longer than the test: only the control API ends a payment. */
const never = 600_000;
const usDebit = { payment_method: 'pm_usBankAccount_success' };

let sandbox: Sandbox;
let gateway: GatewayClient;

beforeAll(async () => {
  sandbox = await startSandbox({ settleAfterMs: never });
  gateway = new GatewayClient(sandbox);
});

afterEach(() => sandbox.clearFaults());
afterAll(() => sandbox.stop());

async function typesUnder(key: string): Promise<string[]> {
  return (await sandbox.journal(key)).map(({ type }) => type);
}

describe('a bank debit', () => {
  it.each([
    ['pm_usBankAccount_success', 'usd', 'us_bank_account'],
    ['pm_sepaDebit_success', 'eur', 'sepa_debit'],
  ])('%s is processing at first', async (payment_method, currency, type) => {
    const intent = await gateway.charge(newGatewayKey(), { payment_method, currency });
    expect(intent).toMatchObject({
      status: 'processing',
      payment_method,
      payment_method_types: [type],
      amount_received: 0,
      last_payment_error: null,
    });
  });

  it.each([
    ['pm_usBankAccount_success', 'usd', { status: 'succeeded', amount_received: 9999 }],
    ['pm_sepaDebit_success', 'eur', { status: 'succeeded', amount_received: 9999 }],
    [
      'pm_usBankAccount_insufficientFunds',
      'usd',
      { status: 'requires_payment_method', last_payment_error: { code: 'insufficient_funds' } },
    ],
    [
      'pm_usBankAccount_accountClosed',
      'usd',
      { status: 'requires_payment_method', last_payment_error: { code: 'account_closed' } },
    ],
    [
      'pm_usBankAccount_canceled',
      'usd',
      { status: 'canceled', cancellation_reason: 'abandoned', canceled_at: expect.any(Number) },
    ],
  ])('%s ends as its name says', async (payment_method, currency, end) => {
    expect(await gateway.settled({ payment_method, currency })).toMatchObject(end);
  });

  it('that failed has no decline code', async () => {
    const { last_payment_error: error } = await gateway.settled({
      payment_method: 'pm_usBankAccount_insufficientFunds',
    });
    expect(error).not.toHaveProperty('decline_code');
  });

  it.each([
    ['succeeded', { payment_method: 'pm_usBankAccount_canceled' }, 'succeeded'],
    ['failed', usDebit, 'requires_payment_method'],
    ['canceled', usDebit, 'canceled'],
  ] as const)('ends as %s if the control API says so', async (outcome, params, status) => {
    expect((await gateway.settled(params, outcome)).status).toBe(status);
  });

  it('keeps the time at which it began', async () => {
    const key = newGatewayKey();
    const began = await gateway.charge(key, usDebit);
    await sandbox.settle(messageKey(key));
    const [, ended] = await sandbox.journal(key);
    const { created } = await gateway.stripe.paymentIntents.retrieve(began.id);
    const pendingSince = Math.floor(Date.parse(String(ended?.pendingSince)) / 1000);
    expect([created, pendingSince]).toEqual([began.created, began.created]);
  });

  it('is a charge only when it has succeeded', async () => {
    const key = newGatewayKey();
    await gateway.charge(key, usDebit);
    const before = [await typesUnder(key), (await sandbox.chargesFor(key)).length];
    await sandbox.settle(messageKey(key));
    expect([before, [await typesUnder(key), (await sandbox.chargesFor(key)).length]]).toEqual([
      [['pending'], 0],
      [['pending', 'charge'], 1],
    ]);
  });

  it.each([
    ['pm_usBankAccount_insufficientFunds', 'decline'],
    ['pm_usBankAccount_canceled', 'cancel'],
  ])('%s is never a charge', async (payment_method, last) => {
    const key = newGatewayKey();
    await gateway.charge(key, { payment_method });
    await sandbox.settle(messageKey(key));
    expect([await typesUnder(key), await sandbox.chargesFor(key)]).toEqual([['pending', last], []]);
  });

  it('is found in its present state, by search and in the list', async () => {
    const key = newGatewayKey();
    const { id, created } = await gateway.charge(key, usDebit);
    const query = `metadata['idempotency_key']:'${messageKey(key)}'`;
    const states = async (): Promise<(string | undefined)[]> => {
      const found = await gateway.stripe.paymentIntents.search({ query });
      const listed = await gateway.stripe.paymentIntents.list({ created: { gte: created }, limit: 100 });
      return [...found.data, ...listed.data.filter((intent) => intent.id === id)].map(({ status }) => status);
    };
    const before = await states();
    await sandbox.settle(messageKey(key));
    expect([before, await states()]).toEqual([
      ['processing', 'processing'],
      ['succeeded', 'succeeded'],
    ]);
  });

  it('that has ended is still replayed as processing under its key', async () => {
    const key = newGatewayKey();
    const first = await gateway.charge(key, usDebit);
    await sandbox.settle(messageKey(key));
    const again = await gateway.charge(key, usDebit);
    expect([again, isReplayed(again.lastResponse), await typesUnder(key)]).toEqual([
      first,
      true,
      ['pending', 'charge', 'replay'],
    ]);
  });

  it.each([
    [
      'pm_usBankAccount_success',
      'eur',
      'Payments with us_bank_account support the following currencies: usd.',
    ],
    ['pm_sepaDebit_success', 'usd', 'Payments with sepa_debit support the following currencies: eur.'],
  ])('%s in %s is rejected', async (payment_method, currency, message) => {
    const error = await gatewayError(gateway.charge(newGatewayKey(), { payment_method, currency }));
    expect([error.statusCode, error.type, error.message]).toEqual([
      400,
      'StripeInvalidRequestError',
      expect.stringContaining(message),
    ]);
  });

  it('can be declined at once by a fault', async () => {
    await sandbox.fault({ kind: 'decline' });
    const error = await gatewayError(gateway.charge(newGatewayKey(), usDebit));
    expect([error.type, error.code]).toEqual(['StripeCardError', 'card_declined']);
  });

  it('has its own time with a fault', async () => {
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'settle-after', delayMs: 0, matching: { idempotencyKey: key } });
    await gateway.charge(key, usDebit);
    await eventually(async () => expect(await sandbox.chargesFor(key)).toHaveLength(1));
  });
});

describe('a restart', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('after SIGKILL payments go on for the rest of their own time', async () => {
    const journal = join(folder, 'journal.jsonl');
    const key = newGatewayKey();
    const before = await startSandbox({ journal, settleAfterMs: 500 });
    await new GatewayClient(before).charge(key, usDebit);
    await before.kill();

    const after = await startSandbox({ journal, settleAfterMs: never });
    await eventually(async () => expect(await after.chargesFor(key)).toHaveLength(1));
    await after.stop();
  });

  it('after SIGKILL a payment that has ended stays ended', async () => {
    const journal = join(folder, 'journal.jsonl');
    const key = newGatewayKey();
    const before = await startSandbox({ journal, settleAfterMs: never });
    const first = await new GatewayClient(before).charge(key, usDebit);
    await before.settle(messageKey(key), 'canceled');
    await before.kill();

    const after = await startSandbox({ journal, settleAfterMs: never });
    const client = new GatewayClient(after);
    const replayed = await client.charge(key, usDebit);
    const { status } = await client.stripe.paymentIntents.retrieve(first.id);
    const settling = await after.settle(messageKey(key)).catch(String);
    await after.stop();
    expect([replayed, status, settling]).toEqual([first, 'canceled', expect.stringContaining('404')]);
  });
});
