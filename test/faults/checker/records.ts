import { isJsonObject, parseJsonObject } from '../../support/json';
import type { JsonObject } from '../../support/json';
import type { History, JournalFact, Sighting } from '../history';
import { byKey, goodLetters } from './finding';
import type { Check, Finding } from './finding';
import { isEndOf, outcomesByKey } from './gateway';

/**
 * Every record matches an outcome at the gateway, and every outcome has a record. Two exceptions have no record: Redis was
 * flushed after the outcome, or the payment became a dead letter because only the gateway's answer was lost.
 */
export const recordsAgree: Check = (history) => {
  const outcomes = outcomesByKey(history);
  const behind = [...history.records].flatMap(([key, text]) => withoutReason(key, text, outcomes.get(key)));
  return [...behind, ...withoutRecord(history, outcomes)];
};

function withoutReason(key: string, text: string, outcomes: readonly JournalFact[] = []): Finding[] {
  const result = resultIn(text);
  const isBehind = (outcome: JournalFact): boolean =>
    isEndOf(outcome, String(result.status)) &&
    (outcome.id === result.chargeId || (result.status === 'declined' && !result.chargeId));
  if (outcomes.some(isBehind)) return [];
  const found = outcomes.map((outcome) => `${outcome.type} ${outcome.id}`).join(', ') || 'nothing';
  return [
    {
      rule: 'record and gateway agree',
      key,
      text: `recorded ${JSON.stringify(result)}, at the gateway: ${found}`,
    },
  ];
}

function withoutRecord(history: History, outcomes: Map<string, JournalFact[]>): Finding[] {
  const lastFlush = Math.max(Number.NEGATIVE_INFINITY, ...history.flushes);
  const deadLetters = byKey(goodLetters(history));
  return [...outcomes]
    .filter(([key]) => !history.records.has(key) && !deadLetters.has(key))
    .filter(([, found]) => found.every(({ at, pendingSince = at }) => pendingSince > lastFlush))
    .map(([key, found]) => ({
      rule: 'record and gateway agree',
      key,
      text: `${found[0]?.type} at the gateway without a record, and Redis was not flushed since`,
    }));
}

/**
 * A record never changes, not by one byte, but once: from processing to the end of the same charge, and then only its result. A new
 * record after a flush has the same result, or such an end.
 */
export const resultsOnlyGoForward: Check = (history) =>
  eachKey(history, (earlier, later, forgotten) => {
    if (earlier.record === undefined || earlier.record === later.record) return undefined;
    const isForward = later.record !== undefined && isEndOfLater(earlier.record, later.record);
    if (!forgotten) {
      if (isForward && restOf(earlier.record) === restOf(later.record ?? '')) return undefined;
      return `the record changed from ${earlier.record} to ${later.record ?? 'none'}`;
    }
    if (later.record === undefined || isForward || sameResult(earlier.record, later.record)) return undefined;
    return `after a flush of ${earlier.record} another result was recorded: ${later.record}`;
  }).map((found) => ({ rule: 'a result only goes forward', ...found }));

/** Claims only grow, and a record was written by the owner with the latest token. */
export const tokensGrow: Check = (history) => {
  const falling = eachKey(history, (earlier, later, forgotten) =>
    !forgotten && (earlier.claims ?? 0) > (later.claims ?? 0)
      ? `claims fell from ${earlier.claims} to ${later.claims ?? 'none'}`
      : undefined,
  );
  const stale = [...history.records].flatMap(([key, text]) => {
    const token = parseJsonObject(text)?.fencingToken;
    const latest = history.claims.get(key);
    return token === latest
      ? []
      : [{ key, text: `recorded with token ${String(token)}, the latest is ${latest}` }];
  });
  return [...falling, ...stale].map((found) => ({ rule: 'tokens grow', ...found }));
};

type Comparison = (earlier: Sighting, later: Sighting, forgotten: boolean) => string | undefined;

/** Compares each sighting of a key with the next one, and the last one with the state at rest. */
function eachKey(history: History, compare: Comparison): { key: string; text: string }[] {
  return [...byKey(history.sightings)].flatMap(([key, seen]) => {
    const atRest: Sighting = {
      key,
      at: Number.POSITIVE_INFINITY,
      record: history.records.get(key),
      claims: history.claims.get(key),
    };
    return seen.flatMap((earlier, position) => {
      const later = seen[position + 1] ?? atRest;
      const forgotten = history.flushes.some((flush) => earlier.at <= flush && flush <= later.at);
      const text = compare(earlier, later, forgotten);
      return text === undefined ? [] : [{ key, text }];
    });
  });
}

function isEndOfLater(one: string, other: string): boolean {
  const [before, after] = [resultIn(one), resultIn(other)];
  const isSameCharge = before.chargeId === after.chargeId;
  return (
    isSameCharge && before.status === 'processing' && ['succeeded', 'failed'].includes(String(after.status))
  );
}

/** All but the result. */
function restOf(text: string): string {
  return JSON.stringify({ ...parseJsonObject(text), result: undefined });
}

function sameResult(one: string, other: string): boolean {
  return JSON.stringify(resultIn(one)) === JSON.stringify(resultIn(other));
}

export function resultIn(text: string): JsonObject {
  const result = parseJsonObject(text)?.result;
  return isJsonObject(result) ? result : {};
}
