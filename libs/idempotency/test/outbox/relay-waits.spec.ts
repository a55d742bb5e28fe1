import { Nap, pauseMs, pollWaitMs, retryWaitMs } from '../../src/stores/postgres/outbox/relay-waits';

/** The longest of many waits: full jitter draws each between none and it. */
const longest = (wait: () => number) => Math.max(...Array.from({ length: 500 }, wait));

describe('the waits of a relay', () => {
  it('grow with the failures of a message, up to half a minute', () => {
    expect(longest(() => retryWaitMs(0))).toBeLessThan(200);
    expect(longest(() => retryWaitMs(5))).toBeGreaterThan(200);
    expect(longest(() => retryWaitMs(1_000_000))).toBeGreaterThan(10_000);
    expect(longest(() => retryWaitMs(1_000_000))).toBeLessThan(30_000);
  });

  it('are never none after a batch without success, nor longer than a second', () => {
    const waits = Array.from({ length: 500 }, (_, failed) => pauseMs(failed));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...waits)).toBeLessThan(1_000);
  });

  it('are spread around the time between two polls', () => {
    const waits = Array.from({ length: 500 }, () => pollWaitMs(200));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...waits)).toBeLessThan(300);
  });
});

describe('a wait that is ended from outside', () => {
  const LONG_MS = 2 ** 31 - 1;

  it('ends at once', async () => {
    const nap = new Nap();
    const asleep = nap.sleep(LONG_MS);
    nap.wake();
    await asleep;
  });

  it('does not begin if it was ended before, once', async () => {
    const nap = new Nap();
    nap.wake();
    nap.wake();
    await nap.sleep(LONG_MS);
    const ended: string[] = [];
    const next = nap.sleep(LONG_MS).then(() => ended.push('next'));
    await new Promise(setImmediate);
    expect(ended).toEqual([]);
    nap.wake();
    await next;
  });
});
