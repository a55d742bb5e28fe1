/** Injection token of the ledger; see the interface of the same name. */
export const PaymentLedger = Symbol('PaymentLedger');

/** How many keys one search takes. */
export const KEYS_A_SEARCH = 10;

/** A payment for which money has moved, or is about to. */
export interface LedgerCharge {
  readonly chargeId: string;
  /** Undefined: somebody else charges through the same account. */
  readonly idempotencyKey: string | undefined;
  readonly createdAt: Date;
}

/** What the gateway itself says it has charged: for people who compare, never for the way of a payment. */
export interface PaymentLedger {
  /**
   * All charges made since then, by this service or by others; with `before` only those until about that moment.
   *
   * @throws GatewayError when it could not look
   */
  chargesSince(since: Date, before?: Date): AsyncIterable<LedgerCharge>;
  /**
   * Those of at most {@link KEYS_A_SEARCH} keys, however old, but perhaps without those of the last minute. Undefined
   * when this account cannot be searched.
   *
   * @throws GatewayError when it could not look
   */
  chargesUnder(keys: readonly string[]): Promise<LedgerCharge[] | undefined>;
  /**
   * One charge, however old; undefined when there is none, or no money moves for it.
   *
   * @throws GatewayError when it could not look
   */
  charge(chargeId: string): Promise<LedgerCharge | undefined>;
}
