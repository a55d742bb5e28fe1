import type { DeadLetterFact, History } from '../history';

/** A promise that was broken. */
export interface Finding {
  rule: Rule;
  /** The payment it is about; undefined for what is about none. */
  key?: string;
  text: string;
}

/** The rules by the words that the report uses. */
export type Rule =
  | 'charged once'
  | 'nothing lost'
  | 'as published'
  | 'charged only what was published'
  | 'record and gateway agree'
  | 'a result never changes'
  | 'tokens grow'
  | 'dead letters are right'
  | 'nothing left over'
  | 'consumers end well';

/** One part of the checker: what it finds in a history, nothing in a good one. */
export type Check = (history: History) => Finding[];

/** Items by their key; those without one are left out. */
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

/**
 * An event that no queue took. It tells of a payment that has its end, and is none itself, although it bears the
 * payment's key.
 */
export function isOfAnEvent({ reason }: DeadLetterFact): boolean {
  return reason === 'event-undeliverable';
}

/**
 * Dead letters that are not of a hostile message, nor of an event; what tries to use a key again does not stand for its
 * payment.
 */
export function goodLetters({ deadLetters, hostile }: History): DeadLetterFact[] {
  const hostileIds = new Set(hostile.map(({ messageId }) => messageId));
  return deadLetters.filter((letter) => !hostileIds.has(letter.messageId) && !isOfAnEvent(letter));
}
