import type { History, JournalFact, PublishedPayment } from '../history';
import { byKey, goodLetters } from './finding';
import type { Check, Finding } from './finding';

/** Charges and declines at the gateway. */
export function outcomesByKey({ journal }: History): Map<string, JournalFact[]> {
  return byKey(journal.filter(({ type }) => type === 'charge' || type === 'decline'));
}

/** At most one charge or decline for each message key, whatever key was sent to the gateway. */
export const chargedOnce: Check = (history) =>
  [...outcomesByKey(history)]
    .filter(([, outcomes]) => outcomes.length > 1)
    .map(([key, outcomes]) => ({
      rule: 'charged once',
      key,
      text: `${outcomes.length} outcomes at the gateway: ${outcomes.map(({ type, id }) => `${type} ${id}`).join(', ')}`,
    }));

/** Amount, currency and customer are those published first, and the charge or decline fits the card. */
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
    type: payment.declined ? 'decline' : 'charge',
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

/** Every confirmed payment was charged, was declined, or is a dead letter that an operator sees. */
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
      text: 'confirmed, but no charge, decline or dead letter',
    }));
};
