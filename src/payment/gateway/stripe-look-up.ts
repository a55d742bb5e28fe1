import type Stripe from 'stripe';
import type { ChargeParameters } from './charge-parameters';
import type { Charge, FoundCharge } from './payment-gateway';
import { KEY_METADATA, searchClause } from './stripe-client';
import { findEnd, requireDecision } from './stripe-decision';
import { mayNotSearch } from './stripe-errors';

/** Clocks differ, so the search for an earlier attempt starts this long before its recorded time. */
const CLOCK_MARGIN_SECONDS = 300;
/** The search finds a payment about a minute after it was made (https://docs.stripe.com/search#data-freshness). */
const SEARCH_LAG_SECONDS = 300;
/** The most payments that are read from a search, and from the list of the latest. */
const MAX_READ = 1_000;
/** Stripe's largest page. */
const PAGE = 100;

/** `versions`: the parameters that may have been sent. `keyRetentionSeconds`: the gateway keeps keys at least that long. */
interface Query {
  readonly charge: Charge;
  readonly versions: readonly ChargeParameters[];
  readonly keyRetentionSeconds: number;
}

/**
 * Looks for a payment that was made under a key, without making one.
 *
 * @throws GatewayError when the payment it found is not decided
 */
export async function findPayment(stripe: Stripe, query: Query): Promise<FoundCharge> {
  const { charge, keyRetentionSeconds } = query;
  const searchedAt = Date.now() / 1000;
  const searched = await searchFor(stripe, charge);
  const known = paymentAmong(searched.intents, query);
  // The search is delayed, so only this state is final; for any other state the list may be newer.
  if (known?.status === 'succeeded') return requireDecision(known);
  const listed = await listFor(stripe, charge);
  const newestStates = new Map([...searched.intents, ...listed.intents].map((intent) => [intent.id, intent]));
  const intents = [...newestStates.values()];
  const intent = paymentAmong(intents, query);
  if (intent) return requireDecision(intent);
  const oldestListed = listed.intents.at(-1)?.created ?? Infinity;
  const coversSearchLag = oldestListed < searchedAt - SEARCH_LAG_SECONDS;
  const isCertain = listed.isComplete || (searched.isComplete && coversSearchLag);
  const others = intents.filter((other) => hasKey(other, charge));
  // While the gateway keeps the key for another payment, it makes no second one under it; a payment from before that
  // is so old that the search finds it.
  const keptSince = searchedAt - keyRetentionSeconds + CLOCK_MARGIN_SECONDS;
  const isKept = searched.isComplete && others.some(({ created }) => created > keptSince);
  return isKept || (isCertain && others.length > 0)
    ? { kind: 'key-reused' }
    : { kind: 'not-found', isCertain };
}

/** `isComplete`: no payment was left out. */
interface Seen {
  readonly intents: readonly Stripe.PaymentIntent[];
  readonly isComplete: boolean;
}

/** Finds payments of any age, but only about a minute after they were made. Not every account may search. */
async function searchFor(stripe: Stripe, charge: Charge): Promise<Seen> {
  try {
    const query = searchClause(charge.idempotencyKey);
    return seen(
      await stripe.paymentIntents.search({ query, limit: PAGE }).autoPagingToArray({ limit: MAX_READ }),
    );
  } catch (error) {
    if (mayNotSearch(error)) return { intents: [], isComplete: false };
    throw error;
  }
}

/** Finds payments at once, but only the latest ones. */
async function listFor(stripe: Stripe, charge: Charge): Promise<Seen> {
  const since = Math.floor(charge.firstAttemptAt.getTime() / 1000) - CLOCK_MARGIN_SECONDS;
  return seen(
    await stripe.paymentIntents
      .list({ created: { gte: since }, limit: PAGE })
      .autoPagingToArray({ limit: MAX_READ }),
  );
}

function seen(intents: Stripe.PaymentIntent[]): Seen {
  return { intents, isComplete: intents.length < MAX_READ };
}

/** This payment among those found: a succeeded one first, else an undecided one, else a declined one. */
function paymentAmong(
  found: readonly Stripe.PaymentIntent[],
  query: Query,
): Stripe.PaymentIntent | undefined {
  const own = found.filter((intent) => isPayment(intent, query));
  return own.find(({ status }) => status === 'succeeded') ?? own.find((intent) => !findEnd(intent)) ?? own[0];
}

/** Compares more than the key, because another payment may have used the key before. */
function isPayment(intent: Stripe.PaymentIntent, { charge, versions }: Query): boolean {
  return (
    hasKey(intent, charge) &&
    intent.metadata.payment_id === charge.paymentId &&
    intent.metadata.customer_id === charge.customerId &&
    versions
      .map((parametersOf) => parametersOf(charge))
      .some(({ amount, currency }) => amount === intent.amount && currency === intent.currency)
  );
}

/** A search may also find similar keys. */
function hasKey({ metadata }: Stripe.PaymentIntent, charge: Charge): boolean {
  return metadata[KEY_METADATA] === charge.idempotencyKey;
}
