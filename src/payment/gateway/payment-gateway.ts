import type { Money } from '../money';

/** Injection token of the gateway; see the interface of the same name. */
export const PaymentGateway = Symbol('PaymentGateway');

/** A charge as the gateway gets it. The same key must always come with the same charge. */
export interface Charge {
  readonly idempotencyKey: string;
  readonly paymentId: string;
  readonly customerId: string;
  readonly paymentMethodId: string;
  readonly money: Money;
  /** When the first attempt at this charge began, or may have begun; where to look for it. */
  readonly firstAttemptAt: Date;
}

/** What the gateway decided. Both are final: the same key never gets another answer. */
export type ChargeResult =
  | { readonly kind: 'succeeded'; readonly chargeId: string }
  | { readonly kind: 'declined'; readonly chargeId?: string; readonly declineCode: string };

/** What a look at the gateway found. */
export type FoundCharge =
  | ChargeResult
  /** `isCertain`: everything was seen that could be a charge under the key. */
  | { readonly kind: 'not-found'; readonly isCertain: boolean }
  /** Everything was seen, and the key is on other payments only: it must not be charged under, forgotten or not. */
  | { readonly kind: 'key-reused' };

/** Why there is no decision. */
export type GatewayFailure =
  /** Out of reach, overloaded, or busy with the same key. Whether it charged is unknown; the same key finds out. */
  | { readonly kind: 'unavailable'; readonly retryAfterMs?: number }
  /** Our credentials are refused, and nothing was sent before: not charged, nor will be until a person acts. */
  | { readonly kind: 'unauthorized' }
  /** Our credentials are accepted, but not for this payment: it was not charged, and others are not concerned. */
  | { readonly kind: 'forbidden' }
  /** The request itself is wrong; it will never be charged. */
  | { readonly kind: 'rejected' }
  /** The key was used at the gateway with other parameters, and no payment there is this one. */
  | { readonly kind: 'key-reused' }
  /** The gateway will answer this key with a stored failure for ever, or has forgotten it. A person must look. */
  | { readonly kind: 'outcome-unknown' };

/** The gateway made no decision; `failure` says what follows from that. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';

  constructor(
    readonly failure: GatewayFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What there is to say of a charge that may have been made, and is not found. */
export function outcomeUnknown(): GatewayError {
  return new GatewayError(
    { kind: 'outcome-unknown' },
    'the gateway gives no answer for this key any more, and this payment was not found there; find out before charging again',
  );
}

/** What there is to say of a key that another payment has used at the gateway. */
export function keyReused(): GatewayError {
  return new GatewayError(
    { kind: 'key-reused' },
    'the gateway has this key with other parameters, and no payment there is this one; does another program use such keys?',
  );
}

export type GatewayProbe =
  | { readonly kind: 'reachable' }
  | { readonly kind: 'unauthorized' }
  | { readonly kind: 'unreachable'; readonly detail: string };

/** Where money moves. The same idempotency key charges at most once, as long as the gateway keeps it. */
export interface PaymentGateway {
  /** @throws GatewayError when there is no decision */
  charge(charge: Charge): Promise<ChargeResult>;
  /**
   * Looks for an earlier charge under the key without making one, for when the gateway may no longer know the key.
   *
   * @throws GatewayError when it could not look, or what it found is not decided
   */
  find(charge: Charge): Promise<FoundCharge>;
  /** Never rejects. */
  probe(): Promise<GatewayProbe>;
}
