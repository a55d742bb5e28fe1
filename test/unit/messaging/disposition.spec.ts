import {
  backoffMs,
  DEAD_LETTER_REASONS,
  delayAtLeast,
  endsPayment,
} from '../../../src/messaging/disposition';

describe('the waiting time for a wished one', () => {
  const delaysMs = [250, 1_000, 5_000];

  it.each([
    { wishedMs: 0, delayMs: 250 },
    { wishedMs: 250, delayMs: 250 },
    { wishedMs: 251, delayMs: 1_000 },
    { wishedMs: 4_999.5, delayMs: 5_000 },
    { wishedMs: 5_000, delayMs: 5_000 },
  ])('is the shortest that is not shorter: $delayMs for $wishedMs', ({ wishedMs, delayMs }) => {
    expect(delayAtLeast(wishedMs, delaysMs)).toBe(delayMs);
  });

  it('is the longest there is when all are shorter', () => {
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

  it('stays bounded after very many attempts', () => {
    expect(backoffMs(5_000, 1)).toBe(60_000);
  });

  it('is spread over the whole range below its bound', () => {
    expect([0, 0.25, 0.5].map((random) => backoffMs(3, random))).toEqual([0, 1_000, 2_000]);
  });
});

describe('a reason of a dead letter', () => {
  const ends = [
    'outside-deduplication-window',
    'gateway-rejected',
    'gateway-key-reused',
    'gateway-outcome-unknown',
    'retries-exhausted',
  ];

  it('is the end of its payment, or never was that payment', () => {
    expect(DEAD_LETTER_REASONS.filter(endsPayment)).toEqual(ends);
    expect(endsPayment('delivery-limit')).toBe(true);
  });

  it('is the end of nothing when this version does not know it', () => {
    expect(['a later one', 'toString', ''].map(endsPayment)).toEqual([false, false, false]);
  });

  it('is written by the service, but for the one that is the broker’s own', () => {
    expect(DEAD_LETTER_REASONS).not.toContain('delivery-limit');
    expect(DEAD_LETTER_REASONS).toContain('invalid-message');
  });
});
