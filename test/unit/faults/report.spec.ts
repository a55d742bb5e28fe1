import { crashPoints } from '../../faults/crash-point-names';
import { reportOn } from '../../faults/payment-report';
import { linesOf } from '../../faults/report';
import { aHistory } from './histories';

const missed = { point: 'before-dead-letter', why: 'consumer-0 was ready for 60 s meanwhile' } as const;
const facts = {
  history: aHistory(),
  faultCounts: new Map([['crash sent', 1]]),
  faultFailures: [],
  missedCrashes: [missed],
  redeliveries: 0,
  refusedCompletions: 0,
  durationMs: 1_000,
};
const everyPointOnce = { seed: 1, operations: 1, faults: crashPoints.length, only: ['crash'] } as const;

describe('the report on a run in which no consumer reached a crash point', () => {
  it('says so', () => {
    expect(linesOf(reportOn(facts, everyPointOnce)).join('\n')).toContain(
      '△ no consumer reached the crash point before-dead-letter: consumer-0 was ready for 60 s meanwhile',
    );
  });

  it('fails a run that is large enough for every fault if the point was never reached', () => {
    expect(reportOn(facts, everyPointOnce)).toMatchObject({ ok: false, neverReached: [missed.point] });
  });

  it('does not fail the run if the point was reached another time', () => {
    const faultCounts = new Map([[`crash ${missed.point}`, 1]]);
    expect(reportOn({ ...facts, faultCounts }, everyPointOnce)).toMatchObject({ ok: true });
  });

  it('does not fail a smaller run', () => {
    expect(reportOn(facts, { ...everyPointOnce, faults: 3 })).toMatchObject({ ok: true, neverReached: [] });
  });
});
