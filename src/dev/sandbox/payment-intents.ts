import { json } from './http';
import type { JsonReply } from './http';
import type { KeptEntry, OutcomeEntry } from './journal-entry';
import { internalError, stripeError } from './stripe-errors';
import type { StripeErrorDetails } from './stripe-errors';
import { declinedCard, findTestPaymentMethod } from './test-payment-methods';

/** The payment in the form of Stripe's API. The same entry always gives the same bytes, as replays require. */
export function paymentIntentOf(entry: OutcomeEntry) {
  const charged = entry.type === 'charge';
  return {
    id: entry.paymentIntentId,
    object: 'payment_intent',
    amount: entry.amount,
    amount_capturable: 0,
    amount_received: charged ? entry.amount : 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic',
    client_secret: `${entry.paymentIntentId}_secret_sandbox`,
    confirmation_method: 'automatic',
    created: createdOf(entry),
    currency: entry.currency,
    customer: entry.customer ?? null,
    description: entry.description ?? null,
    last_payment_error: charged ? null : cardErrorOf(entry),
    latest_charge: chargeIdOf(entry),
    livemode: false,
    metadata: entry.metadata,
    next_action: null,
    payment_method: charged ? entry.paymentMethod : null,
    payment_method_types: ['card'],
    processing: null,
    receipt_email: null,
    status: charged ? 'succeeded' : 'requires_payment_method',
  };
}

/** Seconds since 1970. */
export function createdOf(entry: OutcomeEntry): number {
  return Math.floor(Date.parse(entry.at) / 1000);
}

/** The answer to the request that made the entry, and to each of its replays. */
export function answerOf(entry: OutcomeEntry | KeptEntry): JsonReply {
  if (entry.type === 'fault' || isServerError(entry.storedStatus)) {
    return internalError({ status: entry.storedStatus ?? 500, kept: true });
  }
  if (entry.type === 'charge') return json(200, paymentIntentOf(entry));
  return stripeError(402, { ...cardErrorOf(entry), payment_intent: paymentIntentOf(entry) });
}

function isServerError(status: number | null): boolean {
  return status !== null && status >= 500;
}

function cardErrorOf(entry: OutcomeEntry): StripeErrorDetails {
  const card = findTestPaymentMethod(entry.paymentMethod);
  const decline = card?.kind === 'declines' ? card : declinedCard;
  return {
    type: 'card_error',
    code: decline.code,
    ...('declineCode' in decline && { decline_code: decline.declineCode }),
    message: decline.message,
    charge: chargeIdOf(entry),
  };
}

function chargeIdOf(entry: OutcomeEntry): string {
  return entry.paymentIntentId.replace(/^pi_/, 'ch_');
}
