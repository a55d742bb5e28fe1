import { json } from './http';
import type { JsonReply } from './http';

/** The `error` object of an answer, as Stripe's API shapes it. */
export interface StripeErrorDetails {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  message: string;
  code?: string;
  decline_code?: string;
  param?: string;
  charge?: string;
  payment_intent?: object;
}

interface InvalidRequest {
  message: string;
  code?: string;
  param?: string;
  status?: number;
}

/** 400 unless `status` says otherwise: the request itself is wrong, so a retry does not help. */
export function invalidRequest({ status = 400, ...details }: InvalidRequest): JsonReply {
  return stripeError(status, { type: 'invalid_request_error', ...details });
}

export function missingParameter(param: string): JsonReply {
  return invalidRequest({ message: `Missing required param: ${param}.`, code: 'parameter_missing', param });
}

export function unknownRoute(method: string, path: string): JsonReply {
  return invalidRequest({ status: 404, message: `Unrecognized request URL (${method}: ${path}).` });
}

export function unauthorized(message: string): JsonReply {
  return invalidRequest({ status: 401, message });
}

/** The API key is valid, but not for this request. stripe-node: `StripePermissionError`. */
export function forbidden(): JsonReply {
  return invalidRequest({
    status: 403,
    message: 'The provided key does not have access (a fault ordered at the sandbox).',
  });
}

/** The same key with other parameters. stripe-node: `StripeIdempotencyError`. */
export function keyReused(key: string): JsonReply {
  const message =
    'Keys for idempotent requests can only be used with the same parameters they were first used with. ' +
    `Try using a key other than '${key}' if you meant to execute a different request.`;
  return stripeError(400, { type: 'idempotency_error', message });
}

/** Another request with the key is still running. stripe-node: `StripeAPIError` with `statusCode` 409 and this `code`. */
export function keyInUse(key: string): JsonReply {
  const message =
    'There is currently another in-progress request using this Idempotent Key (that probably means you submitted ' +
    `twice, and the other request is still going through): ${key}. Please try again later.`;
  return stripeError(409, { type: 'idempotency_error', code: 'idempotency_key_in_use', message });
}

export function rateLimited(retryAfterSeconds: number): JsonReply {
  const message = 'Request rate limit exceeded. Learn more about rate limits in the documentation.';
  return stripeError(
    429,
    { type: 'invalid_request_error', code: 'rate_limit', message },
    { 'Retry-After': String(retryAfterSeconds), 'Stripe-Rate-Limited-Reason': 'global-rate' },
  );
}

/** A 5xx. `kept`: it is stored under the key, so a repeated request only replays it. */
export function internalError({ status, kept }: { status: number; kept: boolean }): JsonReply {
  const message = 'An unknown error occurred. (A fault ordered at the sandbox.)';
  return stripeError(status, { type: 'api_error', message }, { 'Stripe-Should-Retry': String(!kept) });
}

export function stripeError(
  status: number,
  error: StripeErrorDetails,
  headers?: Record<string, string>,
): JsonReply {
  return json(status, { error }, headers);
}
