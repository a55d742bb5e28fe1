import type Stripe from 'stripe';
import { GatewayError, type ChargeResult } from './payment-gateway';

/** The gateway's decision on a payment; undefined while money may still move. */
export function findDecision(intent: Stripe.PaymentIntent): ChargeResult | undefined {
  const { id, status, last_payment_error: error } = intent;
  if (status === 'succeeded') return { kind: 'succeeded', chargeId: id };
  // In any other state money may still move, even after an error.
  if (error && (status === 'requires_payment_method' || status === 'canceled')) {
    const declineCode = error.decline_code ?? error.code ?? 'card_declined';
    return { kind: 'declined', chargeId: id, declineCode };
  }
  return undefined;
}

/** @throws GatewayError when there is no decision */
export function requireDecision(intent: Stripe.PaymentIntent): ChargeResult {
  const decision = findDecision(intent);
  if (decision) return decision;
  const { id, status } = intent;
  throw status === 'processing'
    ? new GatewayError({ kind: 'unavailable' }, `the gateway is still processing ${id}`)
    : new GatewayError({ kind: 'outcome-unknown' }, `the gateway left ${id} in the state '${status}'`);
}
