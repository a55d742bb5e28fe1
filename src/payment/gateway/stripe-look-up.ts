import type Stripe from 'stripe';
import { amountSent } from '../money';
import type { Charge } from './payment-gateway';
import { KEY_METADATA, searchClause } from './stripe-client';
import { mayNotSearch } from './stripe-errors';

/** Clocks differ: an earlier attempt is looked for from this long before we think it was. */
const CLOCK_MARGIN_SECONDS = 300;
/** The search learns of a payment about a minute after it was made (https://docs.stripe.com/search#data-freshness). */
const SEARCH_LAG_SECONDS = 300;
/** How many of the latest payments are gone through at most. */
const LOOKED_THROUGH = 1_000;

/** `isCertain`: everything was seen that could be this payment. */
type Found = { readonly intent: Stripe.PaymentIntent } | { readonly isCertain: boolean };

/** Looks for a payment that was made under a key, without making one. */
export async function lookFor(stripe: Stripe, charge: Charge): Promise<Found> {
  const searched = await searchFor(stripe, charge);
  if (searched.intent) return { intent: searched.intent };
  const { intent, coversSearchLag, isComplete } = await listFor(stripe, charge);
  return intent ? { intent } : { isCertain: isComplete || (searched.isSearched && coversSearchLag) };
}

/** Finds payments of any age, but only about a minute after they were made. Not every account may search. */
async function searchFor(
  stripe: Stripe,
  charge: Charge,
): Promise<{ intent?: Stripe.PaymentIntent; isSearched: boolean }> {
  try {
    const query = searchClause(charge.idempotencyKey);
    const { data } = await stripe.paymentIntents.search({ query, limit: 10 });
    const intent = paymentAmong(data, charge);
    return { ...(intent && { intent }), isSearched: true };
  } catch (error) {
    if (mayNotSearch(error)) return { isSearched: false };
    throw error;
  }
}

/** Finds payments at once, but only the latest ones. */
async function listFor(stripe: Stripe, charge: Charge) {
  const since = Math.floor(charge.firstAttemptAt.getTime() / 1000) - CLOCK_MARGIN_SECONDS;
  const latest = await stripe.paymentIntents
    .list({ created: { gte: since }, limit: 100 })
    .autoPagingToArray({ limit: LOOKED_THROUGH });
  const oldest = latest.at(-1);
  return {
    intent: paymentAmong(latest, charge),
    isComplete: latest.length < LOOKED_THROUGH,
    coversSearchLag: oldest !== undefined && oldest.created < Date.now() / 1000 - SEARCH_LAG_SECONDS,
  };
}

/** This payment among those that were found, the one that succeeded first: it is the one the customer pays for. */
function paymentAmong(found: Stripe.PaymentIntent[], charge: Charge): Stripe.PaymentIntent | undefined {
  const own = found.filter((intent) => isPayment(intent, charge));
  return own.find(({ status }) => status === 'succeeded') ?? own[0];
}

/** A search may answer with keys that only look alike, and the key may have been another payment's before. */
function isPayment({ metadata, amount, currency }: Stripe.PaymentIntent, charge: Charge): boolean {
  return (
    metadata[KEY_METADATA] === charge.idempotencyKey &&
    metadata.payment_id === charge.paymentId &&
    metadata.customer_id === charge.customerId &&
    currency === charge.money.currency.toLowerCase() &&
    amount === amountSent(charge.money)
  );
}
