import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import type { Sandbox } from './sandbox';

/** Calls the sandbox as the service does: with the official package, without its retries. */
export class GatewayClient {
  readonly stripe: Stripe;

  constructor(
    private readonly sandbox: Sandbox,
    apiKey = 'sk_test_e2e',
  ) {
    const { hostname, port } = new URL(sandbox.url);
    this.stripe = new Stripe(apiKey, { host: hostname, port, protocol: 'http', maxNetworkRetries: 0 });
  }

  /** Charges 99.99 USD to a good card, unless the parameters say otherwise. */
  async charge(
    idempotencyKey: string,
    params: Partial<Stripe.PaymentIntentCreateParams> = {},
  ): Promise<Stripe.Response<Stripe.PaymentIntent>> {
    const usual = { amount: 9999, currency: 'usd', confirm: true, payment_method: 'pm_card_visa' };
    const metadata = { idempotency_key: messageKey(idempotencyKey) };
    return this.stripe.paymentIntents.create({ ...usual, metadata, ...params }, { idempotencyKey });
  }

  /** A payment that the control API has ended, read again. */
  async settled(
    params: Partial<Stripe.PaymentIntentCreateParams>,
    outcome?: 'succeeded' | 'failed' | 'canceled',
  ): Promise<Stripe.PaymentIntent> {
    const key = newGatewayKey();
    const { id } = await this.charge(key, params);
    await this.sandbox.settle(messageKey(key), outcome);
    return this.stripe.paymentIntents.retrieve(id);
  }
}

/** A unique gateway key. */
export function newGatewayKey(): string {
  return `payment:${randomUUID()}`;
}

/** The key of the message behind a gateway key. */
export function messageKey(gatewayKey: string): string {
  return gatewayKey.replace(/^payment:/, '');
}

/** The error with which the call failed; throws if it succeeded. */
export async function gatewayError(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  const outcome = await call.then(
    () => 'success',
    (error: unknown) => error,
  );
  if (outcome instanceof Stripe.errors.StripeError) return outcome;
  throw new Error(`expected an error of the gateway, got ${String(outcome)}`);
}

/** Whether a response or an error was replayed from the gateway's store. */
export function isReplayed(answer: { headers?: Record<string, string> }): boolean {
  return answer.headers?.['idempotent-replayed'] === 'true';
}
