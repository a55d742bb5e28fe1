import { backoffMs, delayAtLeast } from '../../../src/messaging/disposition';

describe('the delay that is used for a requested delay', () => {
  const delaysMs = [250, 1_000, 5_000];

  it.each([
    { requestedMs: 0, delayMs: 250 },
    { requestedMs: 250, delayMs: 250 },
    { requestedMs: 251, delayMs: 1_000 },
    { requestedMs: 4_999.5, delayMs: 5_000 },
    { requestedMs: 5_000, delayMs: 5_000 },
  ])('is the shortest that is not shorter: $delayMs for $requestedMs', ({ requestedMs, delayMs }) => {
    expect(delayAtLeast(requestedMs, delaysMs)).toBe(delayMs);
  });

  it('is the longest one if all are shorter', () => {
    expect(delayAtLeast(5_001, delaysMs)).toBe(5_000);
  });
});

describe('backoff', () => {
  const bounds = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000];

  it.each(bounds.map((boundMs, index) => ({ attempt: index + 1, boundMs })))(
    'after attempt $attempt is at most $boundMs ms',
    ({ attempt, boundMs }) => {
      expect(backoffMs(attempt, 1)).toBe(boundMs);
    },
  );

  it('stays limited after very many attempts', () => {
    expect(backoffMs(5_000, 1)).toBe(60_000);
  });

  it('is spread over the whole range below its bound', () => {
    expect([0, 0.25, 0.5].map((random) => backoffMs(3, random))).toEqual([0, 1_000, 2_000]);
  });
});
