import fc from 'fast-check';
import { deduplicationWindow } from '../../../../src/idempotency/store/deduplication-window';
import '../../../support/fixed-seed';

describe('the deduplication window', () => {
  it('counts an age as older by the tolerance of clocks, and remembers nothing for longer than the record', () => {
    expect(deduplicationWindow(86_400, 300_000)).toEqual({ oldestMs: 86_100_000, rememberedMs: 86_400_000 });
  });

  it('takes what is as old as the record lives where that is short, and remembers the key for longer', () => {
    expect(deduplicationWindow(3, 300_000)).toEqual({ oldestMs: 3_000, rememberedMs: 303_000 });
  });

  it('is the life of the record where clocks agree', () => {
    expect(deduplicationWindow(60)).toEqual({ oldestMs: 60_000, rememberedMs: 60_000 });
  });

  it('leaves no gap: a duplicate of what is forgotten is always too old, whatever the clocks', () => {
    const anything = fc.record({
      ttlSeconds: fc.integer({ min: 1, max: 1_000_000 }),
      toleranceMs: fc.nat(86_400_000),
      skew: fc.double({ min: -1, max: 1, noNaN: true }),
      handledAfterMs: fc.integer({ min: 1, max: 1_000_000 }),
    });
    fc.assert(
      fc.property(anything, ({ ttlSeconds, toleranceMs, skew, handledAfterMs }) => {
        const { oldestMs, rememberedMs } = deduplicationWindow(ttlSeconds, toleranceMs);
        const madeAt = skew * toleranceMs;
        const forgottenAt = handledAfterMs + rememberedMs;
        expect(forgottenAt - madeAt).toBeGreaterThan(oldestMs);
      }),
    );
  });

  it('takes what was just made', () => {
    const settings = fc.tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.nat(86_400_000));
    fc.assert(
      fc.property(settings, ([ttlSeconds, toleranceMs]) => {
        const { oldestMs } = deduplicationWindow(ttlSeconds, toleranceMs);
        expect(oldestMs).toBeGreaterThanOrEqual((ttlSeconds * 1000) / 2);
      }),
    );
  });
});
