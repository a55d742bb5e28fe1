import type { Money } from '../../money/money';

/** Injection token of the gateway; see the interface of the same name. */
export const PaymentGateway = Symbol('PaymentGateway');

/** A charge as the gateway gets it. The same key must always come with the same charge. */
export interface Charge {
  readonly idempotencyKey: string;
  readonly paymentId: string;
  readonly customerId: string;
  readonly paymentMethodId: string;
  /** The gateway's customer to whom the payment method belongs; undefined: to none. */
  readonly gatewayCustomerId?: string | undefined;
  readonly money: Money;
  /** When the first attempt at this charge began, or may have begun; a search for it starts there. */
  readonly firstAttemptAt: Date;
}

/** The gateway's decision. The same key never gets another answer. */
export type ChargeResult =
  | ChargeEnd
  /** Accepted; whether the money comes is known later, in seconds or in days. */
  | { readonly kind: 'processing'; readonly chargeId: string };

/** A decision that is final. */
export type ChargeEnd =
  | { readonly kind: 'succeeded'; readonly chargeId: string }
  | { readonly kind: 'declined'; readonly chargeId?: string; readonly declineCode: string };

/** What the gateway says about a charge that it has accepted. */
export interface ChargeReport {
  readonly chargeId: string;
  /** Of our charges; undefined for one of another program that uses the same account. */
  readonly idempotencyKey: string | undefined;
  readonly customerId: string | undefined;
  /** Undefined while there is no final decision. */
  readonly end: ChargeEnd | undefined;
}

/** The result of a search at the gateway. */
export type FoundCharge =
  | ChargeResult
  /** `isCertain`: the search was complete, so there is no charge under the key. */
  | { readonly kind: 'not-found'; readonly isCertain: boolean }
  /** The search was complete, and only other payments have the key: no charge under it, even if the gateway forgot it. */
  | { readonly kind: 'key-reused' };

/** Why there is no decision. */
export type GatewayFailure =
  /** Unreachable, overloaded, or still processing the same key. Whether it charged is unknown; a retry with the same key tells. */
  | { readonly kind: 'unavailable'; readonly retryAfterMs?: number }
  /** Our credentials are refused, and nothing was sent before: not charged, and no payment will be until an operator acts. */
  | { readonly kind: 'unauthorized' }
  /** Our credentials are accepted, but not for this payment: it was not charged, and other payments are not affected. */
  | { readonly kind: 'forbidden' }
  /** The request itself is wrong; it will never be charged. */
  | { readonly kind: 'rejected' }
  /** The key was used at the gateway with other parameters, and no payment there is this one. */
  | { readonly kind: 'key-reused' }
  /** The gateway answers this key with a stored failure from now on, or has forgotten the key. An operator must look. */
  | { readonly kind: 'outcome-unknown' };

/** The gateway made no decision; `failure` says why. */
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

/** For a charge that may have been made and is not found. */
export function outcomeUnknown(): GatewayError {
  return new GatewayError(
    { kind: 'outcome-unknown' },
    'the gateway gives no answer for this key any more, and this payment was not found there; check before charging again',
  );
}

/** For a key that another payment has used at the gateway. */
export function keyReused(): GatewayError {
  return new GatewayError(
    { kind: 'key-reused' },
    'the gateway has this key with other parameters, and no payment there is this one; does another program use the same keys?',
  );
}

export type GatewayProbe =
  | { readonly kind: 'reachable' }
  | { readonly kind: 'unauthorized' }
  | { readonly kind: 'unreachable'; readonly detail: string };

/** Charges cards. The same idempotency key charges at most once, as long as the gateway keeps it. */
export interface PaymentGateway {
  /** @throws GatewayError when there is no decision */
  charge(charge: Charge): Promise<ChargeResult>;
  /**
   * Looks for an earlier charge under the key without making one, because the gateway may no longer know the key.
   *
   * @throws GatewayError when the search failed, or the payment it found is not decided
   */
  find(charge: Charge): Promise<FoundCharge>;
  /**
   * The present state of a charge.
   *
   * @throws GatewayError when the call failed
   */
  look(chargeId: string): Promise<ChargeReport>;
  /** Never rejects. */
  probe(): Promise<GatewayProbe>;
}
