import { iso, reportFrom } from '../report';
import type { InjectedFaults, Report } from '../report';
import { hasEveryVariant } from '../schedule';
import type { RunSize } from '../schedule';
import { checkTransfers, missing } from './checker';
import { transferFaultCatalog } from './faults';
import type { TransferFinding, TransferHistory, TransferRule } from './history';

/** What happened in a run: the history that the checker judges, and counts for the report. */
export interface TransferRunFacts extends InjectedFaults {
  history: TransferHistory;
  redeliveries: number;
  durationMs: number;
}

export function reportOnTransfers(facts: TransferRunFacts, size: RunSize): Report {
  const { history } = facts;
  const findings = checkTransfers(history);
  return reportFrom(facts, {
    seed: size.seed,
    table: tableOf(facts, findings),
    findings,
    hasEveryVariant: hasEveryVariant(size, transferFaultCatalog),
    historyOf: (key) => historyOfKey(history, key),
  });
}

function tableOf(facts: TransferRunFacts, findings: readonly TransferFinding[]): Report['table'] {
  const { history } = facts;
  const { published, atRest, looks, losses, rest } = history;
  const confirmed = published.filter(({ confirmedAt }) => confirmedAt !== undefined).length;
  const messages = published.reduce((sum, { copies }) => sum + copies, 0);
  const told = (event: string): number => history.told.flat().filter((line) => line.event === event).length;
  const broken = (...rules: TransferRule[]): number =>
    findings.filter(({ rule }) => rules.includes(rule)).length;
  const faults = [...facts.faultCounts.values()].reduce((sum, count) => sum + count, 0);
  const named: TransferRule[] = ['nothing lost', 'each message arrives', 'done once', 'the sum is constant'];
  return [
    ['faults', faults],
    ['transfers confirmed', confirmed],
    ['duplicates sent', messages - confirmed],
    ['redeliveries', facts.redeliveries],
    ['done', new Set(atRest.effects.map(({ key }) => key)).size],
    ['failed for good', [...atRest.records.values()].filter(({ isError }) => isError).length],
    ['transactions repeated', told('transaction-repeated')],
    ['late results refused', told('completion-refused')],
    ['answered from a record', told('replayed')],
    ['commits that PostgreSQL lost', losses.reduce((sum, { keys }) => sum + keys.length, 0)],
    ['… of them acknowledged, and not sent again', missing(history).filter(({ isLost }) => !isLost).length],
    ['messages of transfers received', new Set(history.notices.map(({ messageKey }) => messageKey)).size],
    [
      '… received again',
      history.notices.length - new Set(history.notices.map(({ messageKey }) => messageKey)).size,
    ],
    ['lost', broken('nothing lost', 'each message arrives')],
    ['double', broken('done once')],
    ['sum constant', `${broken('the sum is constant') === 0 ? 'yes' : 'no'}, in ${looks.length + 1} looks`],
    ['other broken promises', findings.length - broken(...named)],
    [
      'at rest after the last fault',
      rest.settledAfterMs === undefined ? 'never' : `${rest.settledAfterMs / 1_000} s`,
    ],
    ['duration', `${Math.round(facts.durationMs / 1_000)} s`],
  ];
}

function historyOfKey(history: TransferHistory, key: string): string[] {
  const { published, atRest, looks, losses, told } = history;
  const of = <T extends { key: string }>(facts: readonly T[]): T[] =>
    facts.filter((fact) => fact.key === key);
  const lines = told
    .flatMap((events, process) => of(events).map((event) => ({ ...event, process })))
    .sort((one, other) => one.at - other.at);
  const seen = looks.filter(({ done }) => done.includes(key)).map(({ at }) => iso(at));
  return [
    ...of(published).map((fact) => `published ${JSON.stringify(fact)}`),
    ...lines.map(({ at, process, event }) => `${iso(at)} process ${process}: ${event}`),
    `seen from ${seen.at(0) ?? 'never'} to ${seen.at(-1) ?? 'never'}`,
    ...of(atRest.effects).map((fact) => `done ${JSON.stringify(fact)}`),
    `record ${JSON.stringify(atRest.records.get(key) ?? 'none')}`,
    ...losses.map(({ from, until }) => `PostgreSQL lost commits from ${iso(from)} to ${iso(until)}`),
  ];
}
