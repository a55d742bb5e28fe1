import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Stripe from 'stripe';
import { eventually } from '../support/eventually';
import { GatewayClient, gatewayError, messageKey, newGatewayKey } from '../support/gateway-client';
import { startSandbox } from '../support/sandbox';
import type { Sandbox, SentWebhook } from '../support/sandbox';
import { WebhookReceiver } from '../support/webhook-receiver';

const usDebit = { payment_method: 'pm_usBankAccount_success' };
/** Longer than the test: only the control API ends a payment. */
const never = 600_000;

let receiver: WebhookReceiver;
let webhookUrl: string;
let sandbox: Sandbox;
let gateway: GatewayClient;

beforeAll(async () => {
  receiver = new WebhookReceiver();
  webhookUrl = await receiver.listen();
  sandbox = await startSandbox({ settleAfterMs: never, webhookUrl, webhookSecret: receiver.secret });
  gateway = new GatewayClient(sandbox);
});

afterEach(async () => {
  expect(receiver.invalid).toEqual([]);
  await sandbox.clearFaults();
});

afterAll(async () => {
  await sandbox.stop();
  await receiver.close();
});

async function arrived(paymentIntentId: string, types: string[]): Promise<void> {
  await eventually(() => expect(receiver.typesFor(paymentIntentId)).toEqual(types));
}

/** What the sandbox says about the events of one payment. */
async function sentFor(key: string): Promise<SentWebhook[]> {
  return (await sandbox.webhooks()).filter((sent) => sent.key === messageKey(key));
}

describe('a webhook', () => {
  it('about a charge has the payment and a valid signature', async () => {
    const key = newGatewayKey();
    const intent = await gateway.charge(key);
    await arrived(intent.id, ['payment_intent.succeeded']);
    const [received] = receiver.of(intent.id);
    expect(received?.event).toMatchObject({
      id: expect.stringMatching(/^evt_\w+$/),
      object: 'event',
      created: expect.any(Number),
      api_version: Stripe.API_VERSION,
      livemode: false,
      request: { idempotency_key: key },
    });
    expect(received?.paymentIntent).toEqual(JSON.parse(JSON.stringify(intent)));
  });

  it('is not valid with another secret', async () => {
    const other = await startSandbox({ webhookUrl, webhookSecret: 'whsec_other' });
    await new GatewayClient(other).charge(newGatewayKey());
    await eventually(() => expect(receiver.invalid).not.toEqual([]));
    const [failure] = receiver.invalid.splice(0);
    await other.stop();
    expect(failure).toBeInstanceOf(Stripe.errors.StripeSignatureVerificationError);
  });

  it('tells of a declined card', async () => {
    const declined = { payment_method: 'pm_card_visa_chargeDeclined' };
    const error = await gatewayError(gateway.charge(newGatewayKey(), declined));
    await arrived(error.payment_intent?.id ?? '', ['payment_intent.payment_failed']);
  });

  it('tells of a charge whose answer was a failure', async () => {
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'error-500', charged: true });
    await gatewayError(gateway.charge(key));
    await eventually(async () =>
      expect(await sentFor(key)).toEqual([
        expect.objectContaining({ type: 'payment_intent.succeeded', delivered: true }),
      ]),
    );
  });

  it.each([
    ['pm_usBankAccount_success', 'payment_intent.processing', 'payment_intent.succeeded'],
    ['pm_usBankAccount_insufficientFunds', 'payment_intent.processing', 'payment_intent.payment_failed'],
    ['pm_usBankAccount_canceled', 'payment_intent.processing', 'payment_intent.canceled'],
    ['pm_card_visa_requiresCapture', 'payment_intent.amount_capturable_updated', 'payment_intent.succeeded'],
    ['pm_card_authenticationRequired', 'payment_intent.requires_action', 'payment_intent.succeeded'],
  ])('tells of the beginning and the end of %s', async (payment_method, first, last) => {
    const key = newGatewayKey();
    const { id } = await gateway.charge(key, { payment_method });
    await arrived(id, [first]);
    const status = await sandbox.settle(messageKey(key));
    await arrived(id, [first, last]);
    const [, end] = receiver.of(id);
    expect([end?.paymentIntent.status, end?.event.request?.idempotency_key]).toEqual([status, null]);
  });

  it('is not sent for a replay', async () => {
    const key = newGatewayKey();
    await gateway.charge(key);
    await gateway.charge(key);
    expect(await sentFor(key)).toHaveLength(1);
  });

  it('is sent nowhere without an address', async () => {
    const silent = await startSandbox();
    await new GatewayClient(silent).charge(newGatewayKey());
    const sent = await silent.webhooks();
    await silent.stop();
    expect(sent).toEqual([]);
  });

  it('is sent for a payment that ends after a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
    const options = { journal: join(folder, 'journal.jsonl'), webhookUrl, webhookSecret: receiver.secret };
    const before = await startSandbox({ ...options, settleAfterMs: 3_000 });
    const { id } = await new GatewayClient(before).charge(newGatewayKey(), usDebit);
    await arrived(id, ['payment_intent.processing']);
    await before.kill();

    const after = await startSandbox(options);
    await arrived(id, ['payment_intent.processing', 'payment_intent.succeeded']);
    await after.stop();
    await rm(folder, { recursive: true });
  });
});

describe('an event that the receiver does not take', () => {
  it.each([500, 302, 'close'] as const)(
    'with the answer %s is sent again, as the same event',
    async (answer) => {
      const key = newGatewayKey();
      receiver.answerNext(answer, answer);
      const { id } = await gateway.charge(key);
      await arrived(id, Array<string>(3).fill('payment_intent.succeeded'));
      expect(new Set(receiver.of(id).map(({ event }) => event.id)).size).toBe(1);
      await eventually(async () =>
        expect(await sentFor(key)).toEqual([
          {
            id: expect.any(String),
            type: 'payment_intent.succeeded',
            key: messageKey(key),
            attempts: 3,
            lastStatus: 200,
            delivered: true,
          },
        ]),
      );
    },
  );

  it('is listed with the answer', async () => {
    const key = newGatewayKey();
    receiver.answerNext(503, 503, 503);
    await gateway.charge(key);
    await eventually(async () =>
      expect(await sentFor(key)).toEqual([expect.objectContaining({ lastStatus: 503, delivered: false })]),
    );
    await eventually(async () => expect((await sentFor(key))[0]?.delivered).toBe(true));
  });

  it('does not keep the sandbox from stopping', async () => {
    const other = await startSandbox({ webhookUrl, webhookSecret: receiver.secret });
    receiver.answerNext('none');
    const { id } = await new GatewayClient(other).charge(newGatewayKey());
    await arrived(id, ['payment_intent.succeeded']);
    await other.stop();
  });
});

describe('a fault of webhooks', () => {
  it('loses an event', async () => {
    const key = newGatewayKey();
    const matching = { idempotencyKey: messageKey(key), eventType: 'payment_intent.processing' };
    await sandbox.fault({ kind: 'webhook-lost', matching });
    const { id } = await gateway.charge(key, usDebit);
    await sandbox.settle(messageKey(key));
    await arrived(id, ['payment_intent.succeeded']);
    expect((await sentFor(key)).map(({ attempts, delivered }) => [attempts, delivered])).toEqual([
      [0, false],
      [1, true],
    ]);
  });

  it('sends an event twice', async () => {
    const key = newGatewayKey();
    await sandbox.fault({ kind: 'webhook-twice', matching: { idempotencyKey: key } });
    const { id } = await gateway.charge(key);
    await arrived(id, Array<string>(2).fill('payment_intent.succeeded'));
    expect(new Set(receiver.of(id).map(({ event }) => event.id)).size).toBe(1);
  });

  it('makes an event late, so that a newer one overtakes it', async () => {
    const key = newGatewayKey();
    const matching = { idempotencyKey: key, eventType: 'payment_intent.processing' };
    await sandbox.fault({ kind: 'webhook-late', delayMs: 5_000, matching });
    const { id } = await gateway.charge(key, usDebit);
    await sandbox.settle(messageKey(key));
    await arrived(id, ['payment_intent.succeeded', 'payment_intent.processing']);
    expect(receiver.of(id).map(({ paymentIntent }) => paymentIntent.status)).toEqual([
      'succeeded',
      'processing',
    ]);
  });

  it('is in the journal, and ends after its number of times', async () => {
    const keys = [newGatewayKey(), newGatewayKey(), newGatewayKey()];
    await sandbox.fault({ kind: 'webhook-lost', times: 2, matching: { paymentMethod: 'pm_card_amex' } });
    for (const key of keys) await gateway.charge(key, { payment_method: 'pm_card_amex' });
    await eventually(async () => expect((await sentFor(keys[2] ?? ''))[0]?.delivered).toBe(true));
    const faults = async (key: string): Promise<unknown[]> =>
      (await sandbox.journal(key)).filter(({ type }) => type === 'fault').map(({ fault }) => fault);
    expect(await Promise.all(keys.map(faults))).toEqual([['webhook-lost'], ['webhook-lost'], []]);
  });
});

describe('sending an event again', () => {
  it('delivers a late duplicate', async () => {
    const key = newGatewayKey();
    const { id } = await gateway.charge(key);
    await arrived(id, ['payment_intent.succeeded']);
    const [sent] = await sentFor(key);
    await sandbox.resendWebhook(sent?.id ?? '');
    await arrived(id, Array<string>(2).fill('payment_intent.succeeded'));
  });

  it('answers 404 for an unknown event', async () => {
    await expect(sandbox.resendWebhook('evt_none')).rejects.toThrow('answered 404');
  });
});
