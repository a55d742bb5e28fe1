import { crashTitle } from './crash';
import type { MissedCrash } from './crash';
import type { BrokenPromise } from './history';

/** The report on a run: printed for people, and written by `--json`. */
export interface Report {
  ok: boolean;
  seed: number;
  table: [string, string | number][];
  faults: [string, number][];
  findings: readonly BrokenPromise[];
  faultFailures: readonly string[];
  /** Planned crashes that did not happen; a run that is large enough for every fault must reach each point once. */
  missedCrashes: readonly MissedCrash[];
  neverReached: readonly string[];
  /** The full history of keys with findings, for the first `brokenKeysShown` of them. */
  broken: { key: string; history: string[] }[];
}

/** How the faults of a run went. */
export interface InjectedFaults {
  faultCounts: ReadonlyMap<string, number>;
  faultFailures: readonly string[];
  missedCrashes: readonly MissedCrash[];
}

const brokenKeysShown = 10;

/** @param judged what the checker of the workload says */
export function reportFrom(
  { faultCounts, faultFailures, missedCrashes }: InjectedFaults,
  judged: Pick<Report, 'seed' | 'table' | 'findings'> & {
    hasEveryVariant: boolean;
    historyOf: (key: string) => string[];
  },
): Report {
  const { seed, table, findings, historyOf } = judged;
  const keys = [...new Set(findings.flatMap(({ key }) => key ?? []))].slice(0, brokenKeysShown);
  const missed = missedCrashes
    .map(({ point }) => point)
    .filter((point) => !faultCounts.has(crashTitle(point)));
  const neverReached = judged.hasEveryVariant ? [...new Set(missed)] : [];
  return {
    ok: findings.length === 0 && faultFailures.length === 0 && neverReached.length === 0,
    seed,
    table,
    faults: [...faultCounts].sort(([one], [other]) => one.localeCompare(other)),
    findings,
    faultFailures,
    missedCrashes,
    neverReached,
    broken: keys.map((key) => ({ key, history: historyOf(key) })),
  };
}

export function iso(at: number): string {
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
