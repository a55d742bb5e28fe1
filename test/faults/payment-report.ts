import { check } from './checker';
import { goodDeadLetters } from './checker/dead-letters';
import type { GivenUp } from './checker/dead-letters';
import type { Finding, Rule } from './checker/finding';
import { outcomesByKey } from './checker/gateway';
import type { MissedCrash } from './crash';
import type { CrashPoint } from './crash-point-names';
import { titleOf } from './faults';
import type { History } from './history';
import type { RunFacts } from './run';
import { hasEveryVariant } from './schedule';
import type { RunSize } from './schedule';

/** The report on a run: printed for people, and written by `--json`. */
export interface Report {
  ok: boolean;
  seed: number;
  table: [string, string | number][];
  faults: [string, number][];
  findings: Finding[];
  faultFailures: readonly string[];
  /** Planned crashes that did not happen; a run that is large enough for every fault must reach each point once. */
  missedCrashes: readonly MissedCrash[];
  neverReached: readonly CrashPoint[];
  /** The full history of keys with findings, for the first `brokenKeysShown` of them. */
  broken: { key: string; history: string[] }[];
}

const brokenKeysShown = 10;

export function reportOn(facts: RunFacts, size: RunSize): Report {
  const { history, faultCounts, faultFailures, missedCrashes } = facts;
  const { seed } = size;
  const findings = check(history);
  const keys = [...new Set(findings.flatMap(({ key }) => key ?? []))].slice(0, brokenKeysShown);
  const reached = (point: CrashPoint): boolean =>
    faultCounts.has(titleOf({ kind: 'crash', consumer: 0, point }));
  const missed = missedCrashes.map(({ point }) => point).filter((point) => !reached(point));
  const neverReached = hasEveryVariant(size) ? [...new Set(missed)] : [];
  return {
    ok: findings.length === 0 && faultFailures.length === 0 && neverReached.length === 0,
    seed,
    table: tableOf(facts, findings),
    faults: [...faultCounts].sort(([one], [other]) => one.localeCompare(other)),
    findings,
    faultFailures,
    missedCrashes,
    neverReached,
    broken: keys.map((key) => ({ key, history: historyOfKey(history, key) })),
  };
}

function tableOf({ history, ...facts }: RunFacts, findings: readonly Finding[]): Report['table'] {
  const { published, hostile, journal, rest } = history;
  const outcomes = [...outcomesByKey(history).values()].flat();
  const charged = outcomes.filter(({ type }) => type === 'charge').length;
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
    ['declined', outcomes.length - charged],
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
    `record ${history.records.get(key) ?? 'none'}, claims ${history.claims.get(key) ?? 'none'}`,
    ...of(history.deadLetters).map((fact) => `dead letter ${JSON.stringify(fact)}`),
    ...history.flushes.map((at) => `Redis flushed ${iso(at)}`),
  ];
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

export function linesOf(report: Report): string[] {
  const shown = report.findings.slice(0, 50);
  return [
    '',
    ...rows(report.faults),
    '',
    ...rows(report.table),
    ...report.faultFailures.map((failure) => `✗ a fault could not be carried out: ${failure}`),
    ...report.missedCrashes.map(({ point, why }) => `△ no consumer reached the crash point ${point}: ${why}`),
    ...report.neverReached.map((point) => `✗ the crash point ${point} was never reached in this run`),
    ...shown.map(({ rule, key, text }) => `✗ ${rule}: ${key === undefined ? '' : `${key}: `}${text}`),
    ...(report.findings.length > shown.length ? [`… ${report.findings.length - shown.length} more`] : []),
    ...report.broken.flatMap(({ key, history }) => ['', `all that is known of ${key}:`, ...history]),
    '',
    report.ok ? `✓ every promise was kept (seed ${report.seed})` : `✗ failed; seed ${report.seed}`,
  ];
}

function rows(pairs: readonly [string, string | number][]): string[] {
  const width = Math.max(0, ...pairs.map(([title]) => title.length));
  return pairs.map(([title, value]) => `  ${title.padEnd(width)}  ${value}`);
}
