import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import type { JsonObject } from './json';
import type { Payment } from './payments';
import type { Answer, Service } from './service';

export const webhookSecret = 'whsec_e2e_0123456789abcdef';

/** An event of the gateway about a payment, as it is now or was. */
export function anEvent(
  payment: Pick<Payment, 'idempotencyKey' | 'paymentId' | 'customerId'>,
  {
    type = 'payment_intent.succeeded',
    chargeId,
    ...intent
  }: { type?: string; chargeId: string; status?: string } & JsonObject,
): JsonObject {
  const { idempotencyKey, paymentId, customerId } = payment;
  const metadata = { idempotency_key: idempotencyKey, payment_id: paymentId, customer_id: customerId };
  return {
    id: `evt_${randomUUID()}`,
    object: 'event',
    type,
    created: Math.floor(Date.now() / 1000),
    data: { object: { id: chargeId, object: 'payment_intent', status: 'succeeded', metadata, ...intent } },
  };
}

/** How a webhook is sent; what is left out is right. */
interface Delivery {
  readonly secret?: string;
  /** When it was signed, in seconds since 1970. */
  readonly timestamp?: number;
  /** Of another body. */
  readonly signedBody?: string;
}

/** Sends an event as the gateway does. */
export async function deliver(
  service: Service,
  event: JsonObject | string,
  { secret = webhookSecret, timestamp, signedBody }: Delivery = {},
): Promise<Answer> {
  const body = typeof event === 'string' ? event : JSON.stringify(event);
  const signature = Stripe.webhooks.generateTestHeaderString({
    payload: signedBody ?? body,
    secret,
    ...(timestamp !== undefined && { timestamp }),
  });
  return service.post('/webhooks/stripe', body, { 'stripe-signature': signature });
}
