import { eventually } from '../support/eventually';
import { HeardEvents } from '../support/heard-events';
import type { JsonObject } from '../support/json';
import { Metrics } from '../support/metrics';
import { aPayment, gatewayKey } from '../support/payments';
import type { Payment } from '../support/payments';
import { anEvent, deliver, webhookSecret } from '../support/webhooks';
import { useWorld } from '../support/world';

const never = 3_600_000;
const debit = { paymentMethodId: 'pm_usBankAccount_success' };
const received = { status: 200, body: { received: true } };

describe.each([{ ledger: false }, { ledger: true }])('webhooks, with a ledger: $ledger', ({ ledger }) => {
  // Nothing is asked for, so that what ends a payment is the webhook.
  const world = useWorld({
    ledger,
    gateway: { settleAfterMs: never },
    env: {
      FOLLOW_UP_AFTER: '86400',
      STRIPE_WEBHOOK_SECRET: `whsec_before_0123456789abcdef,${webhookSecret}`,
    },
  });
  let events: HeardEvents | undefined;

  beforeAll(async () => {
    events = await HeardEvents.on(world.broker.url);
  });
  afterAll(() => events?.close());

  const resultOf = async ({ idempotencyKey }: Payment) =>
    ((await world.service.payment(idempotencyKey)).body as JsonObject).result as JsonObject;

  /** A payment that is processing, with the id of its charge. */
  async function processing(): Promise<{ payment: Payment; chargeId: string }> {
    const payment = aPayment(debit);
    await world.broker.publishPayment(payment);
    return eventually(async () => {
      const { status, chargeId } = await resultOf(payment);
      expect(status).toBe('processing');
      return { payment, chargeId: String(chargeId) };
    });
  }

  const counted = async (outcome: string) =>
    (await Metrics.of(world.service)).value('payments_webhooks_total', { outcome });

  it('end a payment before they are answered, and announce it once, however often they come', async () => {
    const { payment, chargeId } = await processing();
    const event = anEvent(payment, { chargeId });
    expect(await deliver(world.service, event)).toEqual(received);
    expect(await resultOf(payment)).toMatchObject({ status: 'succeeded', chargeId });
    expect(await deliver(world.service, event)).toEqual(received);
    // Another event of the same end.
    expect(await deliver(world.service, anEvent(payment, { chargeId }))).toEqual(received);
    await eventually(() => expect(events?.of(payment)).toHaveLength(1));
    const { payment: later, chargeId: laterCharge } = await processing();
    await deliver(world.service, anEvent(later, { chargeId: laterCharge }));
    await eventually(() => expect(events?.of(later)).toHaveLength(1));
    expect(events?.of(payment)).toMatchObject([{ routingKey: 'payment.succeeded' }]);
  });

  it('are answered to all of two deliveries at the same moment, and count once', async () => {
    const { payment, chargeId } = await processing();
    const event = anEvent(payment, { chargeId });
    const before = await counted('ended');
    const answers = await Promise.all([deliver(world.service, event), deliver(world.service, event)]);
    expect(answers).toEqual([received, received]);
    expect(await counted('ended')).toBe(Number(before) + 1);
  });

  it('say why a payment has failed', async () => {
    const { payment, chargeId } = await processing();
    const failed = {
      type: 'payment_intent.payment_failed',
      status: 'requires_payment_method',
      last_payment_error: { type: 'invalid_request_error', code: 'account_closed' },
    };
    expect(await deliver(world.service, anEvent(payment, { chargeId, ...failed }))).toEqual(received);
    expect(await resultOf(payment)).toMatchObject({ status: 'failed', declineCode: 'account_closed' });
  });

  it('never take a state back, in whatever order they come', async () => {
    const { payment, chargeId } = await processing();
    await deliver(world.service, anEvent(payment, { chargeId }));
    const late = [
      { type: 'payment_intent.processing', status: 'processing' },
      { type: 'payment_intent.canceled', status: 'canceled' },
      { type: 'payment_intent.payment_failed', status: 'requires_payment_method', last_payment_error: {} },
    ];
    for (const intent of late) {
      expect(await deliver(world.service, anEvent(payment, { chargeId, ...intent }))).toEqual(received);
    }
    expect(await resultOf(payment)).toMatchObject({ status: 'succeeded' });
  });

  it.each([
    { what: 'with another secret', delivery: { secret: 'whsec_forged_0123456789abcdef' } },
    { what: 'long ago', delivery: { timestamp: Math.floor(Date.now() / 1000) - 301 } },
    { what: 'for another body', delivery: { signedBody: '{"id":"evt_1"}' } },
  ])('that were signed $what are refused, and nothing happens', async ({ delivery }) => {
    const { payment, chargeId } = await processing();
    const before = await counted('rejected');
    const event = anEvent(payment, { chargeId });
    const answer = await deliver(world.service, event, delivery);
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining('signature') } });
    expect(await counted('rejected')).toBe(Number(before) + 1);
    expect(await resultOf(payment)).toMatchObject({ status: 'processing' });
    expect(await world.redis.client.keys(`*${String(event.id)}*`)).toEqual([]);
  });

  it('without a signature are refused', async () => {
    const answer = await world.service.post('/webhooks/stripe', anEvent(aPayment(), { chargeId: 'pi_1' }));
    expect(answer.status).toBe(400);
  });

  it('that are signed but are no event are refused', async () => {
    expect(await deliver(world.service, '{"type":"payment_intent.succeeded"}')).toMatchObject({
      status: 400,
    });
    expect(await deliver(world.service, '[1]')).toMatchObject({ status: 400 });
  });

  it('are taken with the secret that is being replaced, too', async () => {
    const { payment, chargeId } = await processing();
    const secret = 'whsec_before_0123456789abcdef';
    expect(await deliver(world.service, anEvent(payment, { chargeId }), { secret })).toEqual(received);
    expect(await resultOf(payment)).toMatchObject({ status: 'succeeded' });
  });

  it.each([
    { what: 'a payment that this service does not know', payment: aPayment(), outcome: 'foreign' },
    {
      what: 'a payment of another program',
      payment: { idempotencyKey: undefined, paymentId: 'x', customerId: 'x' } as never,
      outcome: 'foreign',
    },
  ])('about $what are acknowledged and counted', async ({ payment, outcome }) => {
    const before = await counted(outcome);
    expect(await deliver(world.service, anEvent(payment, { chargeId: 'pi_foreign' }))).toEqual(received);
    expect(await counted(outcome)).toBe(Number(before) + 1);
  });

  it('about another charge under the key of a payment change nothing', async () => {
    const { payment } = await processing();
    const before = await counted('foreign');
    expect(await deliver(world.service, anEvent(payment, { chargeId: 'pi_another' }))).toEqual(received);
    expect(await counted('foreign')).toBe(Number(before) + 1);
    expect(await resultOf(payment)).toMatchObject({ status: 'processing' });
  });

  it('about anything else are acknowledged and counted', async () => {
    const before = await counted('ignored');
    const event = { id: 'evt_customer', object: 'event', type: 'customer.created', data: { object: {} } };
    expect(await deliver(world.service, event)).toEqual(received);
    expect(await counted('ignored')).toBe(Number(before) + 1);
  });

  it('of 200 kB are taken, and those of 1 MB are refused', async () => {
    const { payment, chargeId } = await processing();
    const of = (bytes: number) => anEvent(payment, { chargeId, description: 'x'.repeat(bytes) });
    expect(await deliver(world.service, of(1_000_000))).toMatchObject({
      status: 413,
      body: { message: 'the body is larger than 256 kB' },
    });
    expect(await resultOf(payment)).toMatchObject({ status: 'processing' });
    expect(await deliver(world.service, of(200_000))).toEqual(received);
    expect(await resultOf(payment)).toMatchObject({ status: 'succeeded' });
  });

  it('of a card that was charged at once change nothing', async () => {
    const payment = aPayment();
    await world.broker.publishPayment(payment);
    await world.service.completedPayment(payment.idempotencyKey);
    const { chargeId } = await resultOf(payment);
    const before = await counted('ended-before');
    expect(await deliver(world.service, anEvent(payment, { chargeId: String(chargeId) }))).toEqual(received);
    expect(await counted('ended-before')).toBe(Number(before) + 1);
    expect(await world.sandbox.chargesFor(gatewayKey(payment))).toHaveLength(1);
  });
});
