import { InvalidIdempotencyKeyError, isKey, type IdempotencyStore } from '../idempotency';
import { CHARGES, RECEIPTS } from '../messaging/topology';
import { RECEIPT_SCOPE } from '../notification/receipt';
import { PAYMENT_SCOPE } from '../payment/payment.dto';
import { MissingPublisherError, type PaymentKeys } from '../payment/payment-keys';
import type { DeadLetter } from './dead-letter';

/**
 * How many attempts on the key of a dead letter count so far. A replay gets as many as a new message has on top of them,
 * so they are asked for when it begins: what the letter says is missing where the broker gave a message up, and too few
 * where another copy of it was tried later.
 *
 * Rejects with a StoreUnavailableError where they cannot be known.
 */
export type AttemptCounts = (letter: DeadLetter) => Promise<number>;

const SCOPES: Readonly<Record<string, string>> = {
  [CHARGES.routingKey]: PAYMENT_SCOPE,
  [RECEIPTS.routingKey]: RECEIPT_SCOPE,
};

/** The key under which a dead letter was worked on; undefined where it has none that can be used. */
export function claimedKeyOf(letter: DeadLetter, keys: PaymentKeys): string | undefined {
  const { routingKey, idempotencyKey, publisher } = letter;
  if (idempotencyKey === undefined || routingKey !== CHARGES.routingKey) return idempotencyKey;
  try {
    return keys.within(idempotencyKey, publisher);
  } catch (error) {
    if (error instanceof MissingPublisherError || error instanceof InvalidIdempotencyKeyError)
      return undefined;
    throw error;
  }
}

/** The attempts as the store has them; none where it knows nothing of the key, or the letter has no key to ask for. */
export function countsIn(store: Pick<IdempotencyStore, 'find'>, keys: PaymentKeys): AttemptCounts {
  return async (letter) => {
    const scope = SCOPES[letter.routingKey];
    const key = claimedKeyOf(letter, keys);
    if (scope === undefined || !isKey(key)) return 0;
    return (await store.find({ scope, key })).countedAttempts;
  };
}
