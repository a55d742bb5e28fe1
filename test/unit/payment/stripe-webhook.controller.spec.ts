import { Logger } from '@nestjs/common';
import { Registry } from 'prom-client';
import Stripe from 'stripe';
import type { Environment } from '../../../src/config/environment';
import type { Applied, LaterOutcomes } from '../../../src/payment/follow-up/later-outcomes';
import { StripeWebhooks } from '../../../src/payment/gateway/stripe-webhooks';
import { StripeWebhookController } from '../../../src/payment/webhook/stripe-webhook.controller';
import { StripeWebhookGuard } from '../../../src/payment/webhook/stripe-webhook.guard';
import { WebhookMetrics } from '../../../src/payment/webhook/webhook.metrics';

const secret = 'whsec_unit_0123456789abcdef';
const intent = { id: 'pi_1', object: 'payment_intent', status: 'succeeded', metadata: {} };
const body = JSON.stringify({ id: 'evt_1', type: 'payment_intent.succeeded', data: { object: intent } });

/** Receives a webhook whose outcomes are these, one for each try. */
async function receiving(outcomes: readonly Applied[]) {
  const registry = new Registry();
  const metrics = new WebhookMetrics(registry);
  let tries = 0;
  const apply = async () => outcomes[Math.min(tries++, outcomes.length - 1)];
  const controller = new StripeWebhookController({ apply } as unknown as LaterOutcomes, metrics);
  const guard = new StripeWebhookGuard(
    new StripeWebhooks({ stripeWebhookSecrets: [secret] } as unknown as Environment),
    metrics,
  );
  const signature = Stripe.webhooks.generateTestHeaderString({ payload: body, secret });
  const request = { headers: { 'stripe-signature': signature }, rawBody: Buffer.from(body) };
  guard.canActivate({ switchToHttp: () => ({ getRequest: () => request }) } as never);
  await controller.receive(request as never);
  const counted = (await registry.getMetricsAsJSON())[0]?.values.filter(({ value }) => value > 0);
  return { tries, counted };
}

describe('a webhook that is faster than the consumer', () => {
  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  afterAll(() => {
    Logger.overrideLogger(['error', 'warn']);
  });

  it('waits until the consumer has stored that the payment is processing', async () => {
    const { tries, counted } = await receiving(['in-progress', 'in-progress', 'ended']);
    expect(tries).toBe(3);
    expect(counted).toMatchObject([{ labels: { outcome: 'ended' }, value: 1 }]);
  });

  it('is answered all the same if that takes long: the payment is then asked for', async () => {
    const { tries, counted } = await receiving(['in-progress']);
    expect(tries).toBe(4);
    expect(counted).toMatchObject([{ labels: { outcome: 'in-progress' }, value: 1 }]);
  });
});
