import fc from 'fast-check';
import { deduplicationWindow } from '../../src/stores/deduplication-window';
import '../../../../test/support/fixed-seed';

describe('the deduplication window', () => {
  it('is shorter by the clock tolerance, and nothing is remembered for longer than the record', () => {
    expect(deduplicationWindow(86_400, 300_000)).toEqual({ oldestMs: 86_100_000, rememberedMs: 86_400_000 });
  });

  it('is as long as a short-lived record, and the key is remembered for longer', () => {
    expect(deduplicationWindow(3, 300_000)).toEqual({ oldestMs: 3_000, rememberedMs: 303_000 });
  });

  it('is the life of the record without a clock tolerance', () => {
    expect(deduplicationWindow(60)).toEqual({ oldestMs: 60_000, rememberedMs: 60_000 });
  });

  it('leaves no gap: a duplicate of a forgotten request is always too old, with any clock skew in the tolerance', () => {
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

  it('accepts a request that was just made', () => {
    const settings = fc.tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.nat(86_400_000));
    fc.assert(
      fc.property(settings, ([ttlSeconds, toleranceMs]) => {
        const { oldestMs } = deduplicationWindow(ttlSeconds, toleranceMs);
        expect(oldestMs).toBeGreaterThanOrEqual((ttlSeconds * 1000) / 2);
      }),
    );
  });
});
