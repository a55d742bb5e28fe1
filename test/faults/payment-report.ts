import { check } from './checker';
import { goodDeadLetters } from './checker/dead-letters';
import type { GivenUp } from './checker/dead-letters';
import type { Finding, Rule } from './checker/finding';
import { isOutcome, outcomesByKey } from './checker/gateway';
import { faultCatalog } from './faults';
import type { History } from './history';
import { iso, reportFrom } from './report';
import type { Report } from './report';
import type { RunFacts } from './run';
import { hasEveryVariant } from './schedule';
import type { RunSize } from './schedule';

export function reportOn(facts: RunFacts, size: RunSize): Report {
  const { history } = facts;
  const findings = check(history);
  return reportFrom(facts, {
    seed: size.seed,
    table: tableOf(facts, findings),
    findings,
    hasEveryVariant: hasEveryVariant(size, faultCatalog),
    historyOf: (key) => historyOfKey(history, key),
  });
}

function tableOf({ history, ...facts }: RunFacts, findings: readonly Finding[]): Report['table'] {
  const { published, hostile, journal, rest } = history;
  const outcomes = [...outcomesByKey(history).values()].flat();
  const charged = outcomes.filter(({ type }) => type === 'charge').length;
  const later = outcomes.filter(({ pendingSince }) => pendingSince !== undefined);
  const chargedLater = later.filter(({ type }) => type === 'charge').length;
  const messages = published.reduce((sum, { copies }) => sum + copies, 0);
  const confirmed = published.filter(({ confirmedAt }) => confirmedAt !== undefined).length;
  const givenUp = goodDeadLetters(history);
  const calls = journal.filter(({ isCall, key }) => isCall && key !== undefined).length;
  const broken = (rule: Rule): number => findings.filter((finding) => finding.rule === rule).length;
  const faults = [...facts.faultCounts.values()].reduce((sum, count) => sum + count, 0);
  return [
    ['faults', faults],
    ['payments confirmed', confirmed],
    ['duplicates published', messages - confirmed],
    ['redeliveries', facts.redeliveries],
    ['hostile messages', hostile.length],
    ['charged', charged],
    ['… of them later', chargedLater],
    ['declined or canceled', outcomes.length - charged],
    ['… of them later', later.length - chargedLater],
    ...webhookCounts(history),
    ...ledgerCounts(history, broken),
    ['good payments among the dead letters', withReasons(givenUp)],
    ['… of them charged or declined all the same', givenUp.filter(({ hasOutcome }) => hasOutcome).length],
    ['late results refused', facts.refusedCompletions],
    ['gateway calls per payment', confirmed === 0 ? 0 : (calls / confirmed).toFixed(3)],
    ['charged twice', broken('charged once')],
    ['lost', broken('nothing lost')],
    ['other broken promises', findings.length - broken('charged once') - broken('nothing lost')],
    [
      'at rest after the last fault',
      rest.settledAfterMs === undefined ? 'never' : `${rest.settledAfterMs / 1000} s`,
    ],
    ['upper bound of the failure rate (95 %, 3/n)', confirmed === 0 ? '-' : (3 / confirmed).toExponential(1)],
    ['duration', `${Math.round(facts.durationMs / 1000)} s`],
  ];
}

function webhookCounts({ journal }: History): Report['table'] {
  const faults = (kind: string): number => journal.filter(({ fault }) => fault === `webhook-${kind}`).length;
  return [
    // One for each state of a payment.
    ['webhooks sent', journal.filter((fact) => fact.type === 'pending' || isOutcome(fact)).length],
    ['… lost, twice, late', `${faults('lost')}, ${faults('twice')}, ${faults('late')}`],
  ];
}

function ledgerCounts({ ledger, events }: History, broken: (rule: Rule) => number): Report['table'] {
  if (!ledger) return [['payments in the ledger', 'there is none']];
  return [
    ['payments in the ledger', ledger.rows.length],
    ['… that differ from the gateway', broken('ledger and gateway agree')],
    ['events heard', events.length],
  ];
}

/** The number with its reasons: `3 (gateway-outcome-unknown 3)`. */
function withReasons(givenUp: readonly GivenUp[]): string {
  const counts = new Map<string, number>();
  for (const reason of givenUp.flatMap(({ reasons }) => reasons))
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const texts = [...counts].map(([reason, count]) => `${reason} ${count}`);
  return `${givenUp.length}${texts.length > 0 ? ` (${texts.join(', ')})` : ''}`;
}

function historyOfKey(history: History, key: string): string[] {
  const of = <T extends { key: string | undefined }>(facts: readonly T[]): T[] =>
    facts.filter((fact) => fact.key === key);
  return [
    ...of(history.published).map((fact) => `published ${JSON.stringify(fact)}`),
    ...of(history.journal).map((fact) => `gateway ${JSON.stringify({ ...fact, at: iso(fact.at) })}`),
    ...of(history.sightings).map((fact) => `seen ${JSON.stringify({ ...fact, at: iso(fact.at) })}`),
    ...of(history.ledger?.sightings ?? []).map(
      (fact) => `seen ${JSON.stringify({ ...fact, at: iso(fact.at) })}`,
    ),
    ...of(history.ledger?.rows ?? []).map((fact) => `ledger ${JSON.stringify(fact)}`),
    ...of(history.ledger?.entries ?? []).map(({ event }) => `ledger's history: ${event}`),
    ...of(history.events).map((fact) => `event ${JSON.stringify(fact)}`),
    `record ${history.records.get(key) ?? 'none'}, claims ${history.claims.get(key) ?? 'none'}`,
    ...of(history.deadLetters).map((fact) => `dead letter ${JSON.stringify(fact)}`),
    ...history.flushes.map((at) => `Redis flushed ${iso(at)}`),
  ];
}
