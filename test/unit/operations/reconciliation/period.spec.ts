import { parseEnvironment } from '../../../../src/config/parse-environment';
import { durationMs, periodOf } from '../../../../src/operations/reconciliation/period';

describe('a duration', () => {
  it.each([
    ['90m', 5_400_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
  ])('%s is %d ms', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  it.each(['', '5', '0h', '-1h', '1.5h', '1w', ' 1h', '1h ', '9999999d', 'toString'])(
    '%j is not valid',
    (text) => {
      expect(durationMs(text)).toBeUndefined();
    },
  );
});

describe('the compared period', () => {
  const now = new Date('2026-01-02T12:00:00Z');
  const environment = parseEnvironment({
    RABBITMQ_URL: 'amqp://localhost',
    REDIS_URL: 'redis://localhost',
    STRIPE_API_KEY: 'sk_test_spec',
    IDEMPOTENCY_TTL: '7200',
    PUBLISHER_CLOCK_TOLERANCE: '3600',
  });

  it('goes back as far as records do by default', () => {
    expect(periodOf(environment, undefined, now).since).toEqual(new Date('2026-01-02T10:00:00Z'));
    expect(periodOf(environment, 60_000, now).since).toEqual(new Date('2026-01-02T11:59:00Z'));
  });

  it('includes earlier charges as far back as a duplicate can arrive, with a margin for clocks that differ', () => {
    expect(periodOf(environment, 60_000, now).listedSince).toEqual(new Date('2026-01-02T08:54:00Z'));
  });

  it('does not expect records that are about to expire, because clocks differ', () => {
    expect(periodOf(environment, undefined, now).recordsSince).toEqual(new Date('2026-01-02T10:05:00Z'));
  });
});
