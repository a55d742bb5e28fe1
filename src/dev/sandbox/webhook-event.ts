import { createHmac, randomBytes } from 'node:crypto';
import type { PaymentEntry } from './journal-entry';
import { paymentIntentOf, statusOf } from './payment-intents';

export interface WebhookEvent {
  id: string;
  type: string;
  /** `idempotency_key` in the payment's metadata. */
  key: string | null;
  /** The JSON text that is signed and sent, the same on every attempt. */
  body: string;
}

// The version of the `stripe` package in `package.json`. An account's events have the version of their endpoint.
const apiVersion = '2026-10-28.endive';

/** The event with which Stripe tells that a payment has reached this state. */
export function eventOf(entry: PaymentEntry): WebhookEvent {
  const id = `evt_${randomBytes(12).toString('hex')}`;
  const type = eventTypeOf(entry);
  const isByRequest = entry.type === 'pending' || entry.pendingSince === undefined;
  const event = {
    id,
    object: 'event',
    type,
    created: Math.floor(Date.parse(entry.at) / 1000),
    api_version: apiVersion,
    livemode: false,
    data: { object: paymentIntentOf(entry) },
    pending_webhooks: 1,
    request: { id: null, idempotency_key: isByRequest ? entry.idempotencyKey : null },
  };
  // Indented as Stripe does, so that a receiver that verifies its own rendering of the JSON fails here, too.
  const body = JSON.stringify(event, null, 2);
  return { id, type, key: entry.metadata.idempotency_key ?? null, body };
}

function eventTypeOf(entry: PaymentEntry): string {
  const status = statusOf(entry);
  switch (status) {
    case 'processing':
      return 'payment_intent.processing';
    case 'requires_capture':
      return 'payment_intent.amount_capturable_updated';
    case 'requires_action':
      return 'payment_intent.requires_action';
    case 'succeeded':
      return 'payment_intent.succeeded';
    case 'requires_payment_method':
      return 'payment_intent.payment_failed';
    case 'canceled':
      return 'payment_intent.canceled';
    default:
      return status satisfies never;
  }
}

/** The header `Stripe-Signature` (https://docs.stripe.com/webhooks/signature). */
export function signatureOf(
  body: string,
  { secret, atSeconds }: { secret: string; atSeconds: number },
): string {
  const signature = createHmac('sha256', secret).update(`${atSeconds}.${body}`).digest('hex');
  return `t=${atSeconds},v1=${signature}`;
}
