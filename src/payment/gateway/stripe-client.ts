import Stripe from 'stripe';
import type { Environment } from '../../config/environment';

/** Where the key stands in a payment, so that the payment can be found by it. */
export const KEY_METADATA = 'idempotency_key';

/** Finds the payments of a key, in Stripe's search language; it may also find those of keys that look alike. */
export function searchClause(idempotencyKey: string): string {
  return `metadata['${KEY_METADATA}']:'${idempotencyKey.replace(/[\\']/g, '\\$&')}'`;
}

/** The official client, pointed to where the environment says the gateway is. */
export function openStripe(
  { stripeApiKey, stripeApiBase, stripeTimeoutMs }: Environment,
  { maxNetworkRetries }: Pick<Stripe.StripeConfig, 'maxNetworkRetries'>,
): Stripe {
  return new Stripe(stripeApiKey, {
    ...(stripeApiBase !== undefined && addressOf(stripeApiBase)),
    timeout: stripeTimeoutMs,
    maxNetworkRetries,
    telemetry: false,
  });
}

function addressOf(base: string): Pick<Stripe.StripeConfig, 'host' | 'port' | 'protocol'> {
  const { hostname, port, protocol } = new URL(base);
  const scheme = protocol === 'http:' ? 'http' : 'https';
  return { host: hostname, port: port || (scheme === 'http' ? 80 : 443), protocol: scheme };
}
