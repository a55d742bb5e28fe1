import type Stripe from 'stripe';
import type { ChargeParameters } from './charge-parameters';
import type { Charge, FoundCharge } from './payment-gateway';
import { KEY_METADATA, searchClause } from './stripe-client';
import { decisionIn, decisionOn } from './stripe-decision';
import { mayNotSearch } from './stripe-errors';

/** Clocks differ: an earlier attempt is looked for from this long before we think it was. */
const CLOCK_MARGIN_SECONDS = 300;
/** The search learns of a payment about a minute after it was made (https://docs.stripe.com/search#data-freshness). */
const SEARCH_LAG_SECONDS = 300;
/** How many payments of a search, and of the list of the latest, are gone through at most. */
const LOOKED_THROUGH = 1_000;
/** Stripe's largest page. */
const PAGE = 100;

/** `versions`: what may have been sent for the charge. `keyRetentionSeconds`: the gateway keeps keys for at least that long. */
interface Sought {
  readonly charge: Charge;
  readonly versions: readonly ChargeParameters[];
  readonly keyRetentionSeconds: number;
}

/**
 * Looks for a payment that was made under a key, without making one.
 *
 * @throws GatewayError when what it found is not decided
 */
export async function lookFor(stripe: Stripe, sought: Sought): Promise<FoundCharge> {
  const { charge, keyRetentionSeconds } = sought;
  const searchedAt = Date.now() / 1000;
  const searched = await searchFor(stripe, charge);
  const known = paymentAmong(searched.intents, sought);
  // Only this state is final in a search, which is late; in any other one the list may know better.
  if (known?.status === 'succeeded') return decisionOn(known);
  const listed = await listFor(stripe, charge);
  const newestStates = new Map([...searched.intents, ...listed.intents].map((intent) => [intent.id, intent]));
  const intents = [...newestStates.values()];
  const intent = paymentAmong(intents, sought);
  if (intent) return decisionOn(intent);
  const oldestListed = listed.intents.at(-1)?.created ?? Infinity;
  const coversSearchLag = oldestListed < searchedAt - SEARCH_LAG_SECONDS;
  const isCertain = listed.isComplete || (searched.isComplete && coversSearchLag);
  const others = intents.filter((other) => hasKey(other, charge));
  // While the gateway keeps the key for another payment, it makes no second one under it; what it made before it had
  // the key for the other one is so old that the search knows it.
  const keptSince = searchedAt - keyRetentionSeconds + CLOCK_MARGIN_SECONDS;
  const isKept = searched.isComplete && others.some(({ created }) => created > keptSince);
  return isKept || (isCertain && others.length > 0)
    ? { kind: 'key-reused' }
    : { kind: 'not-found', isCertain };
}

/** `isComplete`: nothing was left out. */
interface Seen {
  readonly intents: readonly Stripe.PaymentIntent[];
  readonly isComplete: boolean;
}

/** Finds payments of any age, but only about a minute after they were made. Not every account may search. */
async function searchFor(stripe: Stripe, charge: Charge): Promise<Seen> {
  try {
    const query = searchClause(charge.idempotencyKey);
    return seen(
      await stripe.paymentIntents.search({ query, limit: PAGE }).autoPagingToArray({ limit: LOOKED_THROUGH }),
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
      .autoPagingToArray({ limit: LOOKED_THROUGH }),
  );
}

function seen(intents: Stripe.PaymentIntent[]): Seen {
  return { intents, isComplete: intents.length < LOOKED_THROUGH };
}

/** This payment among those found: if one succeeded that one, else one that is undecided, else a declined one. */
function paymentAmong(
  found: readonly Stripe.PaymentIntent[],
  sought: Sought,
): Stripe.PaymentIntent | undefined {
  const own = found.filter((intent) => isPayment(intent, sought));
  return (
    own.find(({ status }) => status === 'succeeded') ?? own.find((intent) => !decisionIn(intent)) ?? own[0]
  );
}

/** The key may have been another payment's before. */
function isPayment(intent: Stripe.PaymentIntent, { charge, versions }: Sought): boolean {
  return (
    hasKey(intent, charge) &&
    intent.metadata.payment_id === charge.paymentId &&
    intent.metadata.customer_id === charge.customerId &&
    versions
      .map((parametersOf) => parametersOf(charge))
      .some(({ amount, currency }) => amount === intent.amount && currency === intent.currency)
  );
}

/** A search may answer with keys that only look alike. */
function hasKey({ metadata }: Stripe.PaymentIntent, charge: Charge): boolean {
  return metadata[KEY_METADATA] === charge.idempotencyKey;
}
