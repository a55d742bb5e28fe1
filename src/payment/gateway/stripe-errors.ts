import Stripe from 'stripe';
import { GatewayError, type ChargeResult, type GatewayFailure } from './payment-gateway';

/** What an error of the `stripe` package means for a charge. */
export type StripeErrorClass =
  /** The card was declined, which is a decision. */
  | { readonly kind: 'decision'; readonly result: ChargeResult }
  /** The gateway replays a stored 5xx. It always will under this key, whether or not it charged. */
  | { readonly kind: 'replayed-failure' }
  | { readonly kind: 'failure'; readonly error: GatewayError };

/**
 * Classifies Stripe's errors, one class at a time (https://docs.stripe.com/error-handling). Messages contain only Stripe's
 * codes: its texts may quote what the customer sent.
 */
export function classifyError(error: unknown): StripeErrorClass {
  if (error instanceof GatewayError) return { kind: 'failure', error };
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  if (error instanceof Stripe.errors.StripeCardError && error.rawType === 'card_error') {
    const chargeId = error.payment_intent?.id;
    return {
      kind: 'decision',
      result: {
        kind: 'declined',
        ...(chargeId !== undefined && { chargeId }),
        declineCode: error.decline_code || error.code || 'card_declined',
      },
    };
  }
  if ((error.statusCode ?? 0) >= 500 && error.headers?.['idempotent-replayed'] === 'true') {
    return { kind: 'replayed-failure' };
  }
  const failure = failureOf(error);
  return { kind: 'failure', error: new GatewayError(failure, describe(error, failure), causeOf(error)) };
}

/** The failure behind an error of a call that only reads, which never is a decision. */
export function readFailure(error: unknown): GatewayError {
  const classified = classifyError(error);
  return classified.kind === 'failure'
    ? classified.error
    : new GatewayError({ kind: 'unavailable' }, 'the gateway answered a read with a failure');
}

function failureOf(error: InstanceType<typeof Stripe.errors.StripeError>): GatewayFailure {
  const { errors } = Stripe;
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
  return `gateway ${failure.kind}: ${[error.type, ...facts].filter(Boolean).join(', ')}`;
}
