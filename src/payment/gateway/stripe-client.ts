import Stripe from 'stripe';
import type { Environment } from '../../config/environment';

/** The metadata field with the key, so that a payment can be found by it. */
export const KEY_METADATA = 'idempotency_key';

/** Stripe search clause for the payments of a key; it may also match similar keys. */
export function searchClause(idempotencyKey: string): string {
  return `metadata['${KEY_METADATA}']:'${idempotencyKey.replace(/[\\']/g, '\\$&')}'`;
}

/** The official client, connected to the gateway that the environment names. */
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
