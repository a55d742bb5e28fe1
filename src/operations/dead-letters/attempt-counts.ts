import { InvalidIdempotencyKeyError, isKey, type IdempotencyStore } from 'nestjs-idempotent';
import { CHARGES, RECEIPTS } from '../../messaging/topology';
import { RECEIPT_SCOPE } from '../../notification/receipt';
import { PAYMENT_SCOPE } from '../../payment/payment.dto';
import { MissingPublisherError, type PaymentKeys } from '../../payment/payment-keys';
import type { DeadLetter } from './dead-letter';

/**
 * How many attempts on the key of a dead letter count so far. A replay gets the attempts of a new message on top of
 * them. They are read from the store when the replay begins: the dead letter's own number is missing when the broker
 * dead-lettered it, and too low when another copy of it was tried later.
 *
 * Rejects with a StoreUnavailableError when the store does not answer.
 */
export type AttemptCounts = (letter: DeadLetter) => Promise<number>;

const SCOPES: Readonly<Record<string, string>> = {
  [CHARGES.routingKey]: PAYMENT_SCOPE,
  [RECEIPTS.routingKey]: RECEIPT_SCOPE,
};

/** The idempotency key under which a dead letter was processed; undefined without a valid one. */
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

/** The attempts in the store; 0 when the store does not know the key or the dead letter has no valid key. */
export function countsIn(store: Pick<IdempotencyStore, 'find'>, keys: PaymentKeys): AttemptCounts {
  return async (letter) => {
    const scope = SCOPES[letter.routingKey];
    const key = claimedKeyOf(letter, keys);
    if (scope === undefined || !isKey(key)) return 0;
    return (await store.find({ scope, key })).countedAttempts;
  };
}
