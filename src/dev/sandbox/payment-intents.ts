import { json } from './http';
import type { JsonReply } from './http';
import type { KeptEntry, PaymentEntry } from './journal-entry';
import { internalError, stripeError } from './stripe-errors';
import type { StripeErrorDetails } from './stripe-errors';
import { authenticationRequired, findTestPaymentMethod, genericDecline } from './test-payment-methods';
import type { PaymentFailure, WaitingMethod } from './test-payment-methods';

/** The payment in the form of Stripe's API. The same entry always gives the same bytes, as replays require. */
export function paymentIntentOf(entry: PaymentEntry) {
  const status = statusOf(entry);
  const method = waitingMethodOf(entry);
  const canceled = entry.type === 'cancel';
  return {
    id: entry.paymentIntentId,
    object: 'payment_intent',
    amount: entry.amount,
    amount_capturable: status === 'requires_capture' ? entry.amount : 0,
    amount_received: status === 'succeeded' ? entry.amount : 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: canceled ? secondsOf(entry.at) : null,
    cancellation_reason: canceled ? 'abandoned' : null,
    capture_method: method?.status === 'requires_capture' ? 'manual' : 'automatic',
    client_secret: `${entry.paymentIntentId}_secret_sandbox`,
    confirmation_method: 'automatic',
    created: createdOf(entry),
    currency: entry.currency,
    customer: entry.customer ?? null,
    description: entry.description ?? null,
    last_payment_error: entry.type === 'decline' ? errorOf(entry) : null,
    latest_charge: status === 'requires_action' ? null : chargeIdOf(entry),
    livemode: false,
    metadata: entry.metadata,
    next_action: status === 'requires_action' ? { type: 'use_stripe_sdk', use_stripe_sdk: {} } : null,
    payment_method: entry.type === 'decline' ? null : entry.paymentMethod,
    payment_method_types: [method?.debit?.type ?? 'card'],
    processing: null,
    receipt_email: null,
    status,
  };
}

/** Stripe's status of a payment. */
export function statusOf(entry: PaymentEntry) {
  switch (entry.type) {
    case 'pending':
      return entry.status;
    case 'charge':
      return 'succeeded';
    case 'decline':
      return 'requires_payment_method';
    case 'cancel':
      return 'canceled';
    default:
      return entry satisfies never;
  }
}

/** Seconds since 1970. */
export function createdOf(entry: PaymentEntry): number {
  const since = entry.type === 'pending' ? undefined : entry.pendingSince;
  return secondsOf(since ?? entry.at);
}

/** The answer to the request that made the entry, and to each of its replays. */
export function answerOf(entry: PaymentEntry | KeptEntry): JsonReply {
  if (entry.type === 'fault' || isServerError(entry.storedStatus)) {
    return internalError({ status: entry.storedStatus ?? 500, kept: true });
  }
  if (entry.type !== 'decline') return json(200, paymentIntentOf(entry));
  return stripeError(402, { ...errorOf(entry), payment_intent: paymentIntentOf(entry) });
}

function isServerError(status: number | null): boolean {
  return status !== null && status >= 500;
}

function errorOf(entry: PaymentEntry): StripeErrorDetails {
  const { type, code, declineCode, message } = failureOf(entry);
  return {
    type,
    code,
    ...(declineCode !== undefined && { decline_code: declineCode }),
    message,
    charge: chargeIdOf(entry),
  };
}

function failureOf(entry: PaymentEntry): PaymentFailure {
  const method = findTestPaymentMethod(entry.paymentMethod);
  if (method?.kind === 'declines') return method.failure;
  if (method?.kind !== 'waits') return genericDecline;
  if ('pendingSince' in entry) return method.failure;
  return method.status === 'requires_action' ? authenticationRequired : genericDecline;
}

function waitingMethodOf(entry: PaymentEntry): WaitingMethod | undefined {
  const method = findTestPaymentMethod(entry.paymentMethod);
  return method?.kind === 'waits' ? method : undefined;
}

function chargeIdOf(entry: PaymentEntry): string {
  return entry.paymentIntentId.replace(/^pi_/, 'ch_');
}

function secondsOf(at: string): number {
  return Math.floor(Date.parse(at) / 1000);
}
