/** Injection token of the charges; see the interface of the same name. */
export const GatewayCharges = Symbol('GatewayCharges');

/** The largest number of keys in one search. */
export const KEYS_A_SEARCH = 10;

/** A payment for which money has moved or may move. */
export interface GatewayCharge {
  readonly chargeId: string;
  /** Undefined for a charge of another program that uses the same account. */
  readonly idempotencyKey: string | undefined;
  /** The second in which it was made, by the clock of the gateway. */
  readonly createdAt: Date;
  /** Whether the money has moved. Otherwise it may still move, or not. */
  readonly hasSucceeded: boolean;
}

/** The charges according to the gateway: for reconciliation, never for processing a payment. */
export interface GatewayCharges {
  /**
   * All charges made since then, by this service or by other programs; with `before` only those until about that moment.
   *
   * @throws GatewayError when the call failed
   */
  chargesSince(since: Date, before?: Date): AsyncIterable<GatewayCharge>;
  /**
   * The charges of at most {@link KEYS_A_SEARCH} keys, of any age, but perhaps without those of the last minute.
   * Undefined if this account cannot be searched.
   *
   * @throws GatewayError when the call failed
   */
  chargesUnder(keys: readonly string[]): Promise<GatewayCharge[] | undefined>;
  /**
   * One charge, of any age; undefined if it does not exist or moves no money.
   *
   * @throws GatewayError when the call failed
   */
  charge(chargeId: string): Promise<GatewayCharge | undefined>;
}
