import type { History } from '../history';
import { byKey, goodLetters, isOfAnEvent } from './finding';
import type { Check, Finding } from './finding';
import { outcomesByKey } from './gateway';

/** Reasons for which a good payment may become a dead letter; each of them asks an operator to look. */
const honestReasons = ['retries-exhausted', 'gateway-outcome-unknown', 'delivery-limit'];

/** Exactly the hostile messages are dead letters, each with the right reason. */
export const deadLettersAreRight: Check = (history) => {
  const hostile = new Map(history.hostile.map((message) => [message.messageId, message]));
  const found = new Map(history.deadLetters.map((letter) => [letter.messageId, letter]));
  const missing = history.hostile
    .filter(({ messageId, confirmed }) => confirmed && !found.has(messageId))
    .map(({ what, reason }) => finding(`not among the dead letters: ${what} (${reason})`));
  const outcomes = outcomesByKey(history);
  const mustSucceed = new Set(
    history.published.filter((payment) => payment.mustSucceed).map(({ key }) => key),
  );
  const reused = new Set(history.hostile.flatMap(({ reusedKey }) => reusedKey ?? []));
  const wrong = history.deadLetters.flatMap((letter): Finding[] => {
    const expected = hostile.get(letter.messageId);
    if (expected) {
      if (letter.reason === expected.reason || isKeyReused(letter.reason, expected.reason)) return [];
      return [finding(`${expected.what}: ${letter.reason} instead of ${expected.reason}`, letter.key)];
    }
    if (isOfAnEvent(letter)) {
      if (outcomes.get(letter.key ?? '')?.some(({ type }) => type === 'charge')) return [];
      return [finding('an event of a payment that was not charged', letter.key)];
    }
    if (mustSucceed.has(letter.key ?? '') && letter.reason === 'retries-exhausted')
      return [finding('given up, although nothing that failed was its own failure', letter.key)];
    // After a flush of Redis a second payload may claim the key; copies of the first payload are then refused.
    if (isKeyReused(letter.reason) && reused.has(letter.key ?? '')) return [];
    if (honestReasons.includes(letter.reason)) return [];
    return [finding(`a good message is a dead letter: ${letter.reason}`, letter.key)];
  });
  return [...missing, ...wrong];
};

/** After a flush Redis no longer knows the first payment, so the gateway refuses the second one instead. */
function isKeyReused(reason: string, expected = 'idempotency-key-reused'): boolean {
  return (
    expected === 'idempotency-key-reused' &&
    (reason === 'idempotency-key-reused' || reason === 'gateway-key-reused')
  );
}

/** Good payments among the dead letters. They are not a success, so they are counted and shown. */
export interface GivenUp {
  key: string;
  reasons: string[];
  /** Whether the gateway has an outcome nevertheless: the payment was charged or declined and only the answers were lost. */
  hasOutcome: boolean;
}

export function goodDeadLetters(history: History): GivenUp[] {
  const outcomes = outcomesByKey(history);
  return [...byKey(goodLetters(history))].map(([key, letters]) => ({
    key,
    reasons: [...new Set(letters.map(({ reason }) => reason))],
    hasOutcome: outcomes.has(key),
  }));
}

function finding(text: string, key?: string): Finding {
  return { rule: 'dead letters are right', ...(key !== undefined && { key }), text };
}
