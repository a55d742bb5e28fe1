import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { Environment } from '../../config/environment';
import {
  GatewayError,
  outcomeUnknown,
  type Charge,
  type ChargeResult,
  type FoundCharge,
  type GatewayProbe,
  type PaymentGateway,
} from './payment-gateway';
import { KEY_METADATA, openStripe } from './stripe-client';
import { verdictOn } from './stripe-errors';

/** Stripe's longest idempotency key. */
const LONGEST_KEY = 255;
/** Clocks differ: an earlier attempt is looked for from this long before we think it was. */
const CLOCK_MARGIN_SECONDS = 300;
/** The search learns of a payment about a minute after it was made (https://docs.stripe.com/search#data-freshness). */
const SEARCH_LAG_SECONDS = 300;
/** How many of the latest payments are gone through at most. */
const LOOKED_THROUGH = 1_000;
/** A probe must not hold up what waits for it. */
const PROBE_TIMEOUT_MS = 3_000;
/** ISO 4217 gives them no decimals, Stripe wants two zeros (https://docs.stripe.com/currencies#special-cases). */
const TWO_ZEROS = new Set(['ISK', 'UGX']);
/** ISO 4217 gives it decimals, Stripe takes none (https://docs.stripe.com/currencies#zero-decimal). */
const WHOLE_UNITS = new Set(['MGA']);

/** Charges through Stripe PaymentIntents, created and confirmed in one call. */
@Injectable()
export class StripeGateway implements PaymentGateway {
  private readonly stripe: Stripe;

  constructor(environment: Environment) {
    // Its own retries would hide attempts and use up the lease; ours are counted, spread and survive a crash. One is
    // left: it repeats a call at once, with the same key, when the connection is closed under it.
    this.stripe = openStripe(environment, { maxNetworkRetries: 0 });
  }

  async charge(charge: Charge): Promise<ChargeResult> {
    try {
      const intent = await this.stripe.paymentIntents.create(
        {
          amount: amountOf(charge),
          currency: charge.money.currency.toLowerCase(),
          payment_method: charge.paymentMethodId,
          automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
          confirm: true,
          error_on_requires_action: true,
          metadata: {
            [KEY_METADATA]: charge.idempotencyKey,
            payment_id: charge.paymentId,
            customer_id: charge.customerId,
          },
        },
        { idempotencyKey: gatewayKey(charge.idempotencyKey) },
      );
      // A repeated key gets the first answer, so a payment that was still processing then must be asked for anew.
      return decisionOn(
        intent.status === 'processing' ? await this.stripe.paymentIntents.retrieve(intent.id) : intent,
      );
    } catch (error) {
      const verdict = verdictOn(error);
      switch (verdict.kind) {
        case 'decision':
          return verdict.result;
        case 'replayed-failure':
          // It never changes under this key, and a new key might charge twice: only looking is left.
          return known(await this.find(charge));
        case 'failure':
          throw verdict.error;
        default:
          return verdict satisfies never;
      }
    }
  }

  async find(charge: Charge): Promise<FoundCharge> {
    const found = await this.lookFor(charge).catch((error: unknown) => {
      const verdict = verdictOn(error);
      throw verdict.kind === 'failure'
        ? verdict.error
        : new GatewayError({ kind: 'unavailable' }, 'the lookup failed');
    });
    return 'intent' in found ? decisionOn(found.intent) : { kind: 'not-found', isCertain: found.isCertain };
  }

  async probe(): Promise<GatewayProbe> {
    try {
      // A restricted key may charge without seeing the balance, but not without seeing payments.
      await this.stripe.paymentIntents.list({ limit: 1 }, { timeout: PROBE_TIMEOUT_MS });
      return { kind: 'reachable' };
    } catch (error) {
      const verdict = verdictOn(error);
      if (verdict.kind !== 'failure') return { kind: 'reachable' };
      const { failure, message } = verdict.error;
      switch (failure.kind) {
        case 'unauthorized':
          return { kind: 'unauthorized' };
        case 'unavailable':
          return { kind: 'unreachable', detail: message };
        default:
          return { kind: 'reachable' };
      }
    }
  }

  private async lookFor(charge: Charge): Promise<{ intent: Stripe.PaymentIntent } | { isCertain: boolean }> {
    const searched = await this.searchFor(charge);
    if (searched.intent) return { intent: searched.intent };
    const { intent, coversSearchLag, isComplete } = await this.listFor(charge);
    return intent ? { intent } : { isCertain: isComplete || (searched.isSearched && coversSearchLag) };
  }

  /** Finds payments of any age, but only about a minute after they were made. Not every account may search. */
  private async searchFor(charge: Charge): Promise<{ intent?: Stripe.PaymentIntent; isSearched: boolean }> {
    const value = charge.idempotencyKey.replace(/[\\']/g, '\\$&');
    try {
      const found = await this.stripe.paymentIntents.search({
        query: `metadata['${KEY_METADATA}']:'${value}'`,
        limit: 10,
      });
      const intent = found.data.find((candidate) => carries(candidate, charge));
      return { ...(intent && { intent }), isSearched: true };
    } catch (error) {
      if (error instanceof Stripe.errors.StripeInvalidRequestError) return { isSearched: false };
      throw error;
    }
  }

  /** Finds payments at once, but only the latest ones. */
  private async listFor(charge: Charge) {
    const since = Math.floor(charge.firstAttemptAt.getTime() / 1000) - CLOCK_MARGIN_SECONDS;
    const latest = await this.stripe.paymentIntents
      .list({ created: { gte: since }, limit: 100 })
      .autoPagingToArray({ limit: LOOKED_THROUGH });
    const oldest = latest.at(-1);
    return {
      intent: latest.find((candidate) => carries(candidate, charge)),
      isComplete: latest.length < LOOKED_THROUGH,
      coversSearchLag: oldest !== undefined && oldest.created < Date.now() / 1000 - SEARCH_LAG_SECONDS,
    };
  }
}

/** A charge that may have been attempted is not made again only because it is not found. */
function known(found: FoundCharge): ChargeResult {
  if (found.kind === 'not-found') throw outcomeUnknown();
  return found;
}

function decisionOn(intent: Stripe.PaymentIntent): ChargeResult {
  if (intent.status === 'succeeded') return { kind: 'succeeded', chargeId: intent.id };
  const error = intent.last_payment_error;
  if (error) {
    const declineCode = error.decline_code ?? error.code ?? 'card_declined';
    return { kind: 'declined', chargeId: intent.id, declineCode };
  }
  if (intent.status === 'processing') {
    throw new GatewayError({ kind: 'unavailable' }, `the gateway is still processing ${intent.id}`);
  }
  throw new GatewayError(
    { kind: 'outcome-unknown' },
    `the gateway left ${intent.id} in the state '${intent.status}'`,
  );
}

function carries(intent: Stripe.PaymentIntent, charge: Charge): boolean {
  return intent.metadata[KEY_METADATA] === charge.idempotencyKey;
}

/** One key for all attempts. Ours may be as long as the gateway's, so with the prefix the longest ones are hashed. */
function gatewayKey(idempotencyKey: string): string {
  const key = `payment:${idempotencyKey}`;
  return key.length <= LONGEST_KEY
    ? key
    : `payment:${createHash('sha256').update(idempotencyKey).digest('hex')}`;
}

function amountOf({ money }: Charge): number {
  if (WHOLE_UNITS.has(money.currency)) {
    if (money.minorUnits % 100 === 0) return money.minorUnits / 100;
    throw new GatewayError({ kind: 'rejected' }, `the gateway takes ${money.currency} in whole units only`);
  }
  return TWO_ZEROS.has(money.currency) ? money.minorUnits * 100 : money.minorUnits;
}
