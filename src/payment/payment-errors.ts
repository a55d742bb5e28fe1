/** The ledger has the key for another payment. */
export class PaymentKeyReusedError extends Error {
  override readonly name = 'PaymentKeyReusedError';

  constructor() {
    super('the key was used before with another payload, according to the ledger');
  }
}
