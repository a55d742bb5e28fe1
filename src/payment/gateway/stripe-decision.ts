import type Stripe from 'stripe';
import { GatewayError, type ChargeResult } from './payment-gateway';

/** What the gateway decided on a payment; undefined while money may still move. */
export function decisionIn(intent: Stripe.PaymentIntent): ChargeResult | undefined {
  const { id, status, last_payment_error: error } = intent;
  if (status === 'succeeded') return { kind: 'succeeded', chargeId: id };
  // In any other state money may still move, whatever went wrong before.
  if (error && (status === 'requires_payment_method' || status === 'canceled')) {
    const declineCode = error.decline_code ?? error.code ?? 'card_declined';
    return { kind: 'declined', chargeId: id, declineCode };
  }
  return undefined;
}

/** @throws GatewayError when there is no decision */
export function decisionOn(intent: Stripe.PaymentIntent): ChargeResult {
  const decision = decisionIn(intent);
  if (decision) return decision;
  const { id, status } = intent;
  throw status === 'processing'
    ? new GatewayError({ kind: 'unavailable' }, `the gateway is still processing ${id}`)
    : new GatewayError({ kind: 'outcome-unknown' }, `the gateway left ${id} in the state '${status}'`);
}
