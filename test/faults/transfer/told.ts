import type { Loss } from './history';
import type { ToldEvent } from './transfer';

/** An answer that a consumer gave, and since when it was at work on it: the database was asked in between. */
export interface Answer {
  key: string;
  since: number;
  at: number;
  /** As JSON; `null` for a remembered error. */
  result: string;
}

/** The transfers that a process has told to be done, by itself or by an earlier one. */
export function answersIn(events: readonly ToldEvent[]): Answer[] {
  const since = new Map<string, number>();
  return events.flatMap(({ event, key, at, result = null }): Answer[] => {
    if (event === 'received') {
      if (!since.has(key)) since.set(key, at);
      return [];
    }
    if (!endings.includes(event)) return [];
    const start = since.get(key);
    since.delete(key);
    // A duplicate that has joined another one gets the same answer, without a look at the database.
    if (start === undefined || !answers.includes(event)) return [];
    return [{ key, since: start, at, result: JSON.stringify(result) }];
  });
}

const answers = ['completed', 'replayed'];
const endings = [...answers, 'in-progress', 'released', 'completion-refused', 'store-unavailable'];

/** Whether it may rest on a commit that was lost. */
export function isExcused({ since, at }: Pick<Answer, 'since' | 'at'>, losses: readonly Loss[]): boolean {
  return losses.some(({ from, until }) => since <= until && at >= from);
}
