import type { History, JournalFact, PublishedPayment } from '../history';
import type { Outcome } from '../payment-methods';
import { byKey, goodLetters } from './finding';
import type { Check, Finding } from './finding';

const outcomes: readonly string[] = ['charge', 'decline', 'cancel'] satisfies Outcome[];

/** Whether a line of the gateway's journal is the end of a payment. */
export function isOutcome({ type }: { type: string }): boolean {
  return outcomes.includes(type);
}

/** Whether the service's word for the end of a payment fits the gateway's. One that it saw only at its end was declined. */
export function isEndOf({ type, pendingSince }: JournalFact, status: string): boolean {
  switch (status) {
    case 'succeeded':
      return type === 'charge';
    case 'declined':
      return type === 'decline' || type === 'cancel';
    case 'failed':
      return (type === 'decline' || type === 'cancel') && pendingSince !== undefined;
    default:
      return false;
  }
}

/** Charges, declines and cancellations at the gateway. */
export function outcomesByKey({ journal }: Pick<History, 'journal'>): Map<string, JournalFact[]> {
  return byKey(journal.filter(isOutcome));
}

/** At most one end for each message key, whatever key was sent to the gateway. */
export const chargedOnce: Check = (history) =>
  [...outcomesByKey(history)]
    .filter(([, outcomes]) => outcomes.length > 1)
    .map(([key, outcomes]) => ({
      rule: 'charged once',
      key,
      text: `${outcomes.length} outcomes at the gateway: ${outcomes.map(({ type, id }) => `${type} ${id}`).join(', ')}`,
    }));

/** Amount, currency and customer are those published first, and the end is that of the payment method. */
export const asPublished: Check = (history) => {
  const published = new Map(history.published.map((payment) => [payment.key, payment]));
  return [...outcomesByKey(history)].flatMap(([key, outcomes]): Finding[] => {
    const payment = published.get(key);
    if (payment === undefined) {
      return [
        { rule: 'charged only what was published', key, text: 'an outcome for a key that was not published' },
      ];
    }
    return outcomes.flatMap((outcome) => differences(payment, outcome));
  });
};

function differences(payment: PublishedPayment, outcome: JournalFact): Finding[] {
  const wanted = {
    type: payment.outcome,
    amount: payment.minorUnits,
    currency: payment.currency.toLowerCase(),
    customerId: payment.customerId,
  };
  const found = {
    type: outcome.type,
    amount: outcome.amount,
    currency: outcome.currency,
    customerId: outcome.customerId,
  };
  if (JSON.stringify(wanted) === JSON.stringify(found)) return [];
  const text = `published ${JSON.stringify(wanted)}, at the gateway ${JSON.stringify(found)}`;
  return [{ rule: 'as published', key: payment.key, text }];
}

/** Every confirmed payment has ended at the gateway, or is a dead letter that an operator sees. */
export const nothingLost: Check = (history) => {
  const outcomes = outcomesByKey(history);
  const deadLetters = byKey(goodLetters(history));
  return history.published
    .filter(
      ({ key, confirmedAt }) => confirmedAt !== undefined && !outcomes.has(key) && !deadLetters.has(key),
    )
    .map(({ key }) => ({
      rule: 'nothing lost',
      key,
      text: 'confirmed, but no charge, decline, cancellation or dead letter',
    }));
};
