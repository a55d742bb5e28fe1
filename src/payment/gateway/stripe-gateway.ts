import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { Environment } from '../../config/environment';
import { amountSent } from '../money';
import {
  GatewayError,
  type Charge,
  type ChargeResult,
  type GatewayProbe,
  type PaymentGateway,
} from './payment-gateway';
import { KEY_METADATA, openStripe } from './stripe-client';
import { verdictOn } from './stripe-errors';

/** Stripe's longest idempotency key. */
const LONGEST_KEY = 255;
/** Clocks differ: an earlier attempt is looked for from this long before we think it was. */
const CLOCK_MARGIN_SECONDS = 300;
/** How many of the latest payments are gone through at most. */
const LOOKED_THROUGH = 1_000;
/** A probe must not hold up what waits for it. */
const PROBE_TIMEOUT_MS = 3_000;

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
          amount: amountSent(charge.money),
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
          return this.find(charge);
        case 'failure':
          throw verdict.error;
        default:
          return verdict satisfies never;
      }
    }
  }

  async find(charge: Charge): Promise<ChargeResult> {
    const intent = await this.lookFor(charge).catch((error: unknown) => {
      const verdict = verdictOn(error);
      throw verdict.kind === 'failure'
        ? verdict.error
        : new GatewayError({ kind: 'unavailable' }, 'the lookup failed');
    });
    if (intent) return decisionOn(intent);
    throw new GatewayError(
      { kind: 'outcome-unknown' },
      'the gateway gives no answer for this key any more and no payment carries it; find out before charging again',
    );
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

  private async lookFor(charge: Charge): Promise<Stripe.PaymentIntent | undefined> {
    return (await this.searchFor(charge)) ?? (await this.listFor(charge));
  }

  /** Finds payments of any age, but only about a minute after they were made. Not every account may search. */
  private async searchFor(charge: Charge): Promise<Stripe.PaymentIntent | undefined> {
    const value = charge.idempotencyKey.replace(/[\\']/g, '\\$&');
    try {
      const found = await this.stripe.paymentIntents.search({
        query: `metadata['${KEY_METADATA}']:'${value}'`,
        limit: 10,
      });
      return found.data.find((intent) => carries(intent, charge));
    } catch (error) {
      if (error instanceof Stripe.errors.StripeInvalidRequestError) return undefined;
      throw error;
    }
  }

  /** Finds payments at once, but only the latest ones. */
  private async listFor(charge: Charge): Promise<Stripe.PaymentIntent | undefined> {
    const since = Math.floor(charge.firstAttemptAt.getTime() / 1000) - CLOCK_MARGIN_SECONDS;
    const latest = await this.stripe.paymentIntents
      .list({ created: { gte: since }, limit: 100 })
      .autoPagingToArray({ limit: LOOKED_THROUGH });
    return latest.find((intent) => carries(intent, charge));
  }
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
