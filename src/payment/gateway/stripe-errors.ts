import Stripe from 'stripe';
import { GatewayError, type ChargeResult, type GatewayFailure } from './payment-gateway';

/** A declined card is an answer, which the `stripe` package throws; undefined for every other error. */
export function declinedIn(error: unknown): ChargeResult | undefined {
  if (!(error instanceof Stripe.errors.StripeCardError) || error.rawType !== 'card_error') return undefined;
  const chargeId = error.payment_intent?.id;
  return {
    kind: 'declined',
    ...(chargeId !== undefined && { chargeId }),
    declineCode: error.decline_code || error.code || 'card_declined',
  };
}

/**
 * Translates Stripe's errors, one class at a time (https://docs.stripe.com/error-handling). Messages contain only Stripe's
 * codes: its texts may quote what the customer sent.
 *
 * @throws the error itself if the `stripe` package did not throw it
 */
export function gatewayErrorFrom(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  const failure = failureOf(error);
  return new GatewayError(failure, describe(error, failure), causeOf(error));
}

/** The failure behind an error of a call that only reads, which never decides about a charge. */
export function readFailure(error: unknown): GatewayError {
  const failed = gatewayErrorFrom(error);
  return declinedIn(error) || isReplay(error)
    ? new GatewayError({ kind: 'unavailable' }, 'the gateway answered a read with a failure')
    : failed;
}

/** The gateway replays a stored 5xx. It always will under this key, whether or not it charged. */
function isReplay(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeError &&
    (error.statusCode ?? 0) >= 500 &&
    error.headers?.['idempotent-replayed'] === 'true'
  );
}

function failureOf(error: InstanceType<typeof Stripe.errors.StripeError>): GatewayFailure {
  const { errors } = Stripe;
  if (isReplay(error)) return { kind: 'outcome-unknown' };
  if (error instanceof errors.StripeConnectionError) return { kind: 'unavailable' };
  if (error instanceof errors.StripeAuthenticationError) return { kind: 'unauthorized' };
  if (error instanceof errors.StripePermissionError) return { kind: 'forbidden' };
  if (error instanceof errors.StripeRateLimitError) return { kind: 'unavailable', ...retryAfter(error) };
  if (error instanceof errors.StripeIdempotencyError) return { kind: 'key-reused' };
  if (error instanceof errors.StripeInvalidRequestError) return { kind: 'rejected' };
  // StripeAPIError: 409 while a request with the same key is running, 5xx, and answers that are not JSON.
  const status = error.statusCode ?? 500;
  return [408, 409, 425].includes(status) || status >= 500
    ? { kind: 'unavailable', ...retryAfter(error) }
    : { kind: 'rejected' };
}

/** Some accounts and some restricted keys may not search. */
export function mayNotSearch(error: unknown): boolean {
  const { StripeInvalidRequestError, StripePermissionError } = Stripe.errors;
  return error instanceof StripeInvalidRequestError || error instanceof StripePermissionError;
}

/** Logs print causes: a connection error of the client contains no customer data, Stripe's text may. */
function causeOf(error: InstanceType<typeof Stripe.errors.StripeError>): ErrorOptions {
  return error instanceof Stripe.errors.StripeConnectionError ? { cause: error } : {};
}

function retryAfter(error: InstanceType<typeof Stripe.errors.StripeError>): { retryAfterMs?: number } {
  const seconds = Number(error.headers?.['retry-after']);
  return seconds > 0 ? { retryAfterMs: seconds * 1000 } : {};
}

function describe(error: InstanceType<typeof Stripe.errors.StripeError>, failure: GatewayFailure): string {
  const facts = [error.statusCode, error.code, error.param && `param ${error.param}`, error.requestId];
  return `gateway ${failure.kind}: ${[error.type, ...facts].filter(Boolean).join(', ')}${adviceOn(error)}`;
}

/** Stripe has no codes for these two; nothing of its texts is passed on. */
function adviceOn({ message }: Error): string {
  if (/attached to a customer/i.test(message))
    return '; the payment method belongs to a customer of the gateway: send that one as gatewayCustomerId';
  if (/customer does not have a payment method/i.test(message))
    return '; the payment method does not belong to the customer in gatewayCustomerId';
  return '';
}
