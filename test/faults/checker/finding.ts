import type { BrokenPromise, DeadLetterFact, History } from '../history';

export type Finding = BrokenPromise<Rule>;

/** The rules, worded as in the report. */
export type Rule =
  | 'charged once'
  | 'nothing lost'
  | 'as published'
  | 'charged only what was published'
  | 'record and gateway agree'
  | 'a result only goes forward'
  | 'tokens grow'
  | 'ledger and gateway agree'
  | 'record and ledger agree'
  | 'no state goes back'
  | 'each end is told'
  | 'dead letters are right'
  | 'nothing left over'
  | 'consumers exit cleanly';

/** One part of the checker: returns its findings in a history; a good history has none. */
export type Check = (history: History) => Finding[];

/** Groups items by key; items without a key are left out. */
export function byKey<T extends { key: string | undefined }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    if (item.key === undefined) continue;
    const group = groups.get(item.key);
    if (group) group.push(item);
    else groups.set(item.key, [item]);
  }
  return groups;
}

/** An event that reached no queue. It carries the payment's key, but it reports a finished payment and is not a payment. */
export function isOfAnEvent({ reason }: DeadLetterFact): boolean {
  return reason === 'event-undeliverable';
}

/** Dead letters of good payments: not of events, and not of hostile messages, even if those reuse a payment's key. */
export function goodLetters({ deadLetters, hostile }: History): DeadLetterFact[] {
  const hostileIds = new Set(hostile.map(({ messageId }) => messageId));
  return deadLetters.filter((letter) => !hostileIds.has(letter.messageId) && !isOfAnEvent(letter));
}
