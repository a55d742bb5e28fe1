import { NO_COUNTS, type Happening, type Report } from '../../../../src/dev/console/activity';
import { ActivityLog } from '../../../../src/dev/console/activity-log';
import { counted } from '../../../../src/dev/console/counting';

const renewed = (key: string): Happening => ({ kind: 'lease-renewed', key, at: 0, leaseMs: 1_000 });

function report(happenings: Happening[], counts = NO_COUNTS): Report {
  return { process: 'one', at: 0, inProgress: 0, counts, happenings, omitted: 0 };
}

describe("the console's activity log", () => {
  it('is bounded and keeps the latest entries; the totals count all', () => {
    const log = new ActivityLog();
    for (let number = 0; number < 100; number++) {
      const happenings = Array.from({ length: 100 }, () => renewed(`key-${number}`));
      log.add(report(happenings, { ...NO_COUNTS, charged: 1 }));
    }
    const { totals, reports } = log.snapshot();
    expect(totals.charged).toBe(100);
    expect(reports.flatMap(({ happenings }) => happenings)).toHaveLength(2_000);
    expect(reports.at(-1)?.happenings[0]?.key).toBe('key-99');
  });

  it('is bounded in bytes for any reports, and keeps the latest entries', () => {
    const log = new ActivityLog();
    const paymentId = '€'.repeat(765);
    for (let number = 0; number < 100; number++) {
      const payment = { paymentId, amount: 1, customerId: paymentId };
      const happening = { kind: 'published', key: `key-${number}`, at: 0, payment, copies: 1 } as const;
      log.add(report(Array.from({ length: 20 }, () => happening)));
    }
    const { reports } = log.snapshot();
    expect(Buffer.byteLength(JSON.stringify(reports))).toBeLessThan(1.1 * 1024 * 1024);
    expect(reports.length).toBeGreaterThan(1);
    expect(reports.at(-1)?.happenings[0]?.key).toBe('key-99');
  });

  it('does not lose entries to reports without events', () => {
    const log = new ActivityLog();
    log.add(report([renewed('key')]));
    for (let number = 0; number < 5_000; number++) log.add(report([]));
    expect(log.snapshot().reports).toHaveLength(1);
  });
});

describe('what is counted', () => {
  const facts = { key: 'k', at: 0 };
  const payment = { paymentId: 'P', amount: 1, customerId: 'C' };

  it.each<{ happening: Happening; counts: object }>([
    { happening: { ...facts, kind: 'published', payment, copies: 3 }, counts: { published: 3 } },
    {
      happening: { ...facts, kind: 'duplicate', from: 'store', result: { status: 'succeeded' } },
      counts: { duplicates: 1 },
    },
    {
      happening: { ...facts, kind: 'delayed', delayMs: 1, attempts: 1, why: 'lease-lost' },
      counts: { delayed: 1 },
    },
    { happening: { ...facts, kind: 'dead', reason: 'x', detail: 'y', attempts: 1 }, counts: { dead: 1 } },
    { happening: renewed('k'), counts: {} },
  ])('of $happening.kind', ({ happening, counts }) => {
    expect(counted(NO_COUNTS, happening)).toEqual({ ...NO_COUNTS, ...counts });
  });

  it.each<{ kind: 'finished' | 'ended'; status: string; counts: object }>([
    { kind: 'finished', status: 'succeeded', counts: { charged: 1 } },
    { kind: 'finished', status: 'declined', counts: { declined: 1 } },
    { kind: 'finished', status: 'processing', counts: {} },
    { kind: 'finished', status: 'failed', counts: { declined: 1 } },
    { kind: 'ended', status: 'succeeded', counts: { charged: 1 } },
    { kind: 'ended', status: 'failed', counts: { declined: 1 } },
  ])('of $kind with the status $status', ({ kind, status, counts }) => {
    expect(counted(NO_COUNTS, { ...facts, kind, result: { status } })).toEqual({ ...NO_COUNTS, ...counts });
  });
});
