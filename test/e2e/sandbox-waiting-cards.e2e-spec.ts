import { GatewayClient, gatewayError, messageKey, newGatewayKey } from '../support/gateway-client';
import { startSandbox } from '../support/sandbox';
import type { Sandbox } from '../support/sandbox';

const needsCapture = { payment_method: 'pm_card_visa_requiresCapture' };
const needsCustomer = { payment_method: 'pm_card_authenticationRequired' };

let sandbox: Sandbox;
let gateway: GatewayClient;

beforeAll(async () => {
  sandbox = await startSandbox();
  gateway = new GatewayClient(sandbox);
});

afterAll(() => sandbox.stop());

describe('a card', () => {
  it('whose amount is held waits for the capture', async () => {
    const intent = await gateway.charge(newGatewayKey(), needsCapture);
    expect(intent).toMatchObject({
      status: 'requires_capture',
      capture_method: 'manual',
      amount_capturable: 9999,
      amount_received: 0,
    });
  });

  it.each([
    ['succeeded', { status: 'succeeded', amount_capturable: 0, amount_received: 9999 }],
    ['canceled', { status: 'canceled', amount_capturable: 0, amount_received: 0 }],
  ] as const)('whose amount is held can end as %s', async (outcome, end) => {
    expect(await gateway.settled(needsCapture, outcome)).toMatchObject(end);
  });

  it('that needs its owner waits for an action', async () => {
    const intent = await gateway.charge(newGatewayKey(), needsCustomer);
    expect([intent.status, intent.next_action?.type, intent.latest_charge]).toEqual([
      'requires_action',
      'use_stripe_sdk',
      null,
    ]);
  });

  it('that needs its owner can succeed and fail', async () => {
    const [good, bad] = [
      await gateway.settled(needsCustomer),
      await gateway.settled(needsCustomer, 'failed'),
    ];
    expect([good.status, bad.status, bad.last_payment_error?.code]).toEqual([
      'succeeded',
      'requires_payment_method',
      'payment_intent_authentication_failure',
    ]);
  });

  it('that needs its owner is declined with error_on_requires_action', async () => {
    const key = newGatewayKey();
    const error = await gatewayError(
      gateway.charge(key, { ...needsCustomer, error_on_requires_action: true }),
    );
    expect([error.statusCode, error.type, error.code, error.payment_intent?.status]).toEqual([
      402,
      'StripeCardError',
      'authentication_required',
      'requires_payment_method',
    ]);
    expect((await sandbox.journal(key)).map(({ type }) => type)).toEqual(['decline']);
  });
});

describe('ending a payment that does not wait', () => {
  it.each([
    ['was charged at once', {}],
    ['has ended', needsCapture],
  ])('because it %s answers 404', async (_why, params) => {
    const key = newGatewayKey();
    await gateway.charge(key, params);
    if (params === needsCapture) await sandbox.settle(messageKey(key));
    await expect(sandbox.settle(messageKey(key))).rejects.toThrow('answered 404');
  });

  it('because all was deleted answers 404', async () => {
    const key = newGatewayKey();
    await gateway.charge(key, needsCapture);
    await fetch(`${sandbox.url}/_sandbox/journal`, { method: 'DELETE' });
    await expect(sandbox.settle(messageKey(key))).rejects.toThrow('answered 404');
  });

  it('because the request is wrong answers 400', async () => {
    const answer = await fetch(`${sandbox.url}/_sandbox/settle`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ outcome: 'paid' }),
    });
    const problems = ['key must be a text', 'outcome must be one of succeeded, failed, canceled'];
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: expect.objectContaining({ problems }) },
    ]);
  });
});
