import type Stripe from 'stripe';
import { GatewayError, type ChargeEnd, type ChargeReport, type ChargeResult } from './payment-gateway';
import { KEY_METADATA } from './stripe-client';

/**
 * States whose outcome comes later (https://docs.stripe.com/payments/paymentintents/lifecycle): the bank is asked, the customer
 * must act, or the amount is held until the account's owner captures or cancels it.
 */
const OUTCOME_COMES_LATER: readonly Stripe.PaymentIntent.Status[] = [
  'processing',
  'requires_action',
  'requires_capture',
];

/** The gateway's final decision on a payment; undefined while money may still move. */
export function findEnd(intent: Stripe.PaymentIntent): ChargeEnd | undefined {
  const { id, status, last_payment_error: error } = intent;
  if (status === 'succeeded') return { kind: 'succeeded', chargeId: id };
  if (status === 'canceled' || (status === 'requires_payment_method' && error)) {
    const declineCode = error?.decline_code ?? error?.code ?? (error ? 'card_declined' : 'canceled');
    return { kind: 'declined', chargeId: id, declineCode };
  }
  return undefined;
}

/** @throws GatewayError when there is no decision */
export function requireDecision(intent: Stripe.PaymentIntent): ChargeResult {
  const { id, status } = intent;
  const end = findEnd(intent);
  if (end) return end;
  if (OUTCOME_COMES_LATER.includes(status)) return { kind: 'processing', chargeId: id };
  throw new GatewayError({ kind: 'outcome-unknown' }, `the gateway left ${id} in the state '${status}'`);
}

export function reportOn(intent: Stripe.PaymentIntent): ChargeReport {
  const { [KEY_METADATA]: idempotencyKey, customer_id: customerId } = intent.metadata;
  return { chargeId: intent.id, idempotencyKey, customerId, end: findEnd(intent) };
}
