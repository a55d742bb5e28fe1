import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { Environment } from '../../config/environment';
import type { GatewayCharge, GatewayCharges } from './gateway-charges';
import { KEY_METADATA, openStripe, searchClause } from './stripe-client';
import { mayNotSearch, readFailure } from './stripe-errors';

/** No lease is held here, so the client's own retries may bridge a short failure. */
const RETRIES = 2;
/** Stripe's largest page. */
const PAGE = 100;
/** The states in which a card was charged, will be, or the amount is held (https://docs.stripe.com/payments/paymentintents/lifecycle). */
const MOVES_MONEY: readonly Stripe.PaymentIntent.Status[] = ['succeeded', 'processing', 'requires_capture'];

/** Only reads PaymentIntents. */
@Injectable()
export class StripeCharges implements GatewayCharges {
  private readonly stripe: Stripe;

  constructor(environment: Environment) {
    this.stripe = openStripe(environment, { maxNetworkRetries: RETRIES });
  }

  async *chargesSince(since: Date, before?: Date): AsyncGenerator<GatewayCharge> {
    const created = { gte: secondOf(since), ...(before && { lte: secondOf(before) }) };
    try {
      for await (const intent of this.stripe.paymentIntents.list({ created, limit: PAGE })) {
        if (movesMoney(intent)) yield chargeFrom(intent);
      }
    } catch (error) {
      throw readFailure(error);
    }
  }

  async chargesUnder(keys: readonly string[]): Promise<GatewayCharge[] | undefined> {
    const query = keys.map(searchClause).join(' OR ');
    const charges: GatewayCharge[] = [];
    try {
      for await (const intent of this.stripe.paymentIntents.search({ query, limit: PAGE })) {
        if (movesMoney(intent)) charges.push(chargeFrom(intent));
      }
    } catch (error) {
      if (mayNotSearch(error)) return undefined;
      throw readFailure(error);
    }
    return charges.filter(({ idempotencyKey }) => keys.some((key) => key === idempotencyKey));
  }

  async charge(chargeId: string): Promise<GatewayCharge | undefined> {
    try {
      const intent = await this.stripe.paymentIntents.retrieve(chargeId);
      return movesMoney(intent) ? chargeFrom(intent) : undefined;
    } catch (error) {
      if (error instanceof Stripe.errors.StripeError && error.statusCode === 404) return undefined;
      throw readFailure(error);
    }
  }
}

function secondOf(moment: Date): number {
  return Math.floor(moment.getTime() / 1000);
}

function movesMoney({ status }: Stripe.PaymentIntent): boolean {
  return MOVES_MONEY.includes(status);
}

function chargeFrom({ id, metadata, created, status }: Stripe.PaymentIntent): GatewayCharge {
  return {
    chargeId: id,
    idempotencyKey: metadata[KEY_METADATA],
    createdAt: new Date(created * 1000),
    hasSucceeded: status === 'succeeded',
  };
}
