import type { EventFact, History, JournalFact, LedgerFacts, LedgerRow } from '../history';
import { byKey, goodLetters } from './finding';
import type { Check, Finding, Rule } from './finding';
import { isEndOf, outcomesByKey } from './gateway';
import { resultIn } from './records';

/**
 * Each end at the gateway is in the ledger, with charge, amount and currency, and each end in the ledger is at the gateway. A
 * payment that became a dead letter may be in progress in the ledger for ever: an operator looks at it.
 */
export const ledgerAgrees = withLedger('ledger and gateway agree', (ledger, history) => {
  const outcomes = outcomesByKey(history);
  const deadLetters = byKey(goodLetters(history));
  const rows = new Map(ledger.rows.map((row) => [row.key, row]));
  const missing = [...outcomes]
    .filter(([key]) => !rows.has(key))
    .map(([key, found]) => ({ key, text: `at the gateway ${textOf(found)}, and not in the ledger` }));
  const wrong = ledger.rows
    .filter(({ key, status }) => status !== 'in-progress' || !deadLetters.has(key))
    .filter((row) => !(outcomes.get(row.key) ?? []).some((outcome) => isRowOf(outcome, row)))
    .map((row) => {
      const found = textOf(outcomes.get(row.key) ?? []);
      return { key: row.key, text: `in the ledger ${JSON.stringify(row)}, at the gateway ${found}` };
    });
  const waiting = ledger.waitingEvents > 0 ? [{ text: `${ledger.waitingEvents} events wait for ever` }] : [];
  return [...missing, ...wrong, ...waiting];
});

function isRowOf(outcome: JournalFact, { status, chargeId, minorUnits, currency }: LedgerRow): boolean {
  return (
    isEndOf(outcome, status) &&
    (outcome.id === chargeId || (status === 'declined' && chargeId === undefined)) &&
    outcome.amount === minorUnits &&
    outcome.currency === currency.toLowerCase()
  );
}

function textOf(outcomes: readonly JournalFact[]): string {
  const texts = outcomes.map(({ type, id, amount, currency }) => `${type} ${id} of ${amount} ${currency}`);
  return texts.join(', ') || 'nothing';
}

/** A record in Redis, where there is one, says the same as the ledger. */
export const recordsAgreeWithLedger = withLedger('record and ledger agree', ({ rows }, { records }) => {
  const rowsByKey = new Map(rows.map((row) => [row.key, row]));
  return [...records].flatMap(([key, text]) => {
    const row = rowsByKey.get(key);
    const { status, chargeId } = resultIn(text);
    if (row && row.status === status && row.chargeId === chargeId) return [];
    return [{ key, text: `recorded ${text}, in the ledger ${JSON.stringify(row ?? 'nothing')}` }];
  });
});

/** A payment goes from its attempts to its end, or to `processing` and from there to its end: by the ledger's history, and as seen. */
export const noStateGoesBack = withLedger('no state goes back', ({ rows, entries, sightings }) => {
  const attempted = entries.map(({ key, event }) => ({
    key,
    event: event === 'attempt' ? 'in-progress' : event,
  }));
  // Its other entries are notes about messages.
  const told = byKey(attempted.filter(({ event }) => event in next));
  const seen = byKey(sightings);
  return rows.flatMap(({ key, status }) => {
    const history = (told.get(key) ?? []).map(({ event }) => event);
    const seenStatuses = [...(seen.get(key) ?? []).map((sighting) => sighting.status), status];
    const last = history.at(-1);
    return [
      ...stepsBack(history).map((step) => ({ key, text: `the ledger's history has ${step}` })),
      ...stepsBack(seenStatuses.filter((one, place) => one !== seenStatuses[place - 1])).map((step) => ({
        key,
        text: `seen in the ledger: ${step}`,
      })),
      ...(last === status ? [] : [{ key, text: `${status}, and the last of its history is ${last}` }]),
    ];
  });
});

/** What may come after each status; an attempt may be followed by another one. */
const next: Readonly<Record<string, readonly string[]>> = {
  'in-progress': ['in-progress', 'processing', 'succeeded', 'declined', 'failed'],
  processing: ['succeeded', 'failed'],
  succeeded: [],
  declined: [],
  failed: [],
};

function stepsBack(statuses: readonly string[]): string[] {
  return statuses.flatMap((status, place) => {
    const before = statuses[place - 1];
    return before === undefined || next[before]?.includes(status) ? [] : [`${before}, then ${status}`];
  });
}

/** Each end in the ledger was published at least once, and no event says anything else than the ledger. */
export const eachEndIsTold = withLedger('each end is told', ({ rows }, { events }) => {
  const rowsByKey = new Map(rows.map((row) => [row.key, row]));
  const heard = byKey(events);
  const silent = rows
    .filter(({ key, status }) => isEnd(status) && !heard.has(key))
    .map(({ key, status }) => ({ key, text: `${status} in the ledger, and no event was heard` }));
  const wrong = events
    .filter((event) => !isEventOf(event, rowsByKey.get(event.key ?? '')))
    .map((event) => {
      const row = JSON.stringify(rowsByKey.get(event.key ?? '') ?? 'nothing');
      return { key: event.key ?? '', text: `heard ${JSON.stringify(event)}, in the ledger ${row}` };
    });
  return [...silent, ...wrong];
});

function isEventOf(event: EventFact, row: LedgerRow | undefined): boolean {
  if (!row || !isEnd(row.status)) return false;
  return (
    event.routingKey === (row.status === 'succeeded' ? 'payment.succeeded' : 'payment.failed') &&
    event.chargeId === row.chargeId &&
    event.minorUnits === row.minorUnits &&
    event.currency === row.currency
  );
}

function isEnd(status: string): boolean {
  return next[status]?.length === 0;
}

/** A check that finds nothing in a run without a ledger. */
function withLedger(
  rule: Rule,
  find: (ledger: LedgerFacts, history: History) => { key?: string; text: string }[],
): Check {
  return (history): Finding[] =>
    history.ledger ? find(history.ledger, history).map((found) => ({ rule, ...found })) : [];
}
