/** Injection token of the ledger; see the interface of the same name. */
export const PaymentLedger = Symbol('PaymentLedger');

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
   * All charges made since then, whoever made them.
   *
   * @throws GatewayError when it could not look
   */
  chargesSince(since: Date): AsyncIterable<LedgerCharge>;
  /**
   * One charge, however old; undefined when there is none, or no money moves for it.
   *
   * @throws GatewayError when it could not look
   */
  charge(chargeId: string): Promise<LedgerCharge | undefined>;
}
