import { IdempotencyEvents, LeaseLostError } from '../src';
import { Lease, Renewals } from '../src/engine/lease';
import type { IdempotencyStore, LeaseOwner } from '../src/stores/idempotency-store';

const leaseMs = 30_000;
const owner: LeaseOwner = { scope: 'order', key: 'abc', ownerToken: 'mine' };

type Renewal = 'extended' | 'lost' | 'unavailable' | 'silent';

/** A store with one lease, whose renewal is answered with `answer`. */
class OneLease implements IdempotencyStore {
  readonly renewals: { owner: LeaseOwner; leaseMs: number }[] = [];
  answer: Renewal = 'extended';

  async extend(by: LeaseOwner, forMs: number): Promise<'extended' | 'lost'> {
    this.renewals.push({ owner: by, leaseMs: forMs });
    if (this.answer === 'unavailable') throw new Error('gone');
    if (this.answer === 'silent') return new Promise(() => undefined);
    return this.answer;
  }

  begin = unused;
  complete = unused;
  loadSteps = unused;
  saveSteps = unused;
  replaceRecord = unused;
  release = unused;
  find = unused;
  forget = unused;
  probe = unused;
}

function unused(): Promise<never> {
  throw new Error('a lease is only ever extended');
}

/** A lease that was just taken, the store that renews it, and the kinds of its events. */
function takeLease({ agedMs = 0 } = {}) {
  const store = new OneLease();
  const heard: string[] = [];
  const events = new IdempotencyEvents();
  events.on(({ kind }) => heard.push(kind));
  const lease = new Lease(new Renewals(store, events), owner, leaseMs, performance.now() - agedMs);
  return { lease, store, heard };
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

describe('a lease', () => {
  it('is renewed at a third of its length, and not before', async () => {
    const { store, heard } = takeLease();
    await pass(leaseMs / 3 - 1);
    expect(store.renewals).toEqual([]);
    await pass(1);
    expect(store.renewals).toEqual([{ owner, leaseMs }]);
    expect(heard).toEqual(['lease-renewed']);
  });

  it('is held as long as it is renewed', async () => {
    const { lease, store, heard } = takeLease();
    await pass(10 * leaseMs);
    expect(store.renewals).toHaveLength(30);
    expect(heard).not.toContain('lease-lost');
    expect(() => lease.assertHeld()).not.toThrow();
  });

  it('counts its remaining time from before the request for it was sent', () => {
    expect(takeLease({ agedMs: 1_000 }).lease.remainingMs).toBe(leaseMs - 1_000);
  });

  it('counts its remaining time again from before each renewal was sent', async () => {
    const { lease } = takeLease();
    await pass(leaseMs / 3 + 1_000);
    expect(lease.remainingMs).toBe(leaseMs - 1_000);
  });
});

describe('a lease that another owner has', () => {
  it('is lost when a renewal says so', async () => {
    const { lease, store, heard } = takeLease();
    store.answer = 'lost';
    await pass(leaseMs / 3);
    expect(heard).toEqual(['lease-lost']);
    expect(lease.remainingMs).toBe(0);
    expect(() => lease.assertHeld()).toThrow(LeaseLostError);
  });

  it('is not renewed again', async () => {
    const { store } = takeLease();
    store.answer = 'lost';
    await pass(10 * leaseMs);
    expect(store.renewals).toHaveLength(1);
  });

  it('aborts the signal, with the reason', async () => {
    const { lease, store } = takeLease();
    const { signal } = lease;
    store.answer = 'lost';
    expect(signal.aborted).toBe(false);
    await pass(leaseMs / 3);
    expect(signal.reason).toBeInstanceOf(LeaseLostError);
  });

  it('has an aborted signal even if the signal is requested only afterwards', async () => {
    const { lease, store } = takeLease();
    store.answer = 'lost';
    await pass(leaseMs / 3);
    expect(lease.signal.reason).toBeInstanceOf(LeaseLostError);
  });

  it('returns the same signal each time', () => {
    const { lease } = takeLease();
    expect(lease.signal).toBe(lease.signal);
  });
});

describe('a store that does not answer renewals', () => {
  it('loses the lease only when its time is over', async () => {
    const { lease, store, heard } = takeLease();
    store.answer = 'unavailable';
    await pass(leaseMs - 1);
    expect(heard).toEqual([]);
    expect(() => lease.assertHeld()).not.toThrow();
    await pass(1);
    expect(heard).toEqual(['lease-lost']);
    expect(() => lease.assertHeld()).toThrow(LeaseLostError);
  });

  it('is asked again several times before that, and not afterwards', async () => {
    const { store } = takeLease();
    store.answer = 'unavailable';
    await pass(leaseMs);
    const asked = store.renewals.length;
    expect(asked).toBeGreaterThan(3);
    expect(asked).toBeLessThan(20);
    await pass(leaseMs);
    expect(store.renewals).toHaveLength(asked);
  });

  it('does not lose the lease if it recovers in time', async () => {
    const { lease, store, heard } = takeLease();
    store.answer = 'unavailable';
    await pass(leaseMs * 0.8);
    store.answer = 'extended';
    await pass(leaseMs);
    expect(heard).not.toContain('lease-lost');
    expect(() => lease.assertHeld()).not.toThrow();
  });

  it('loses the lease even if a renewal never returns', async () => {
    const { lease, store } = takeLease();
    store.answer = 'silent';
    await pass(leaseMs);
    expect(() => lease.assertHeld()).toThrow(LeaseLostError);
  });
});

describe('a process that was frozen past its lease', () => {
  /** Time passes, and no timer has run yet. */
  function freeze(ms: number): void {
    const now = performance.now() + ms;
    jest.spyOn(performance, 'now').mockReturnValue(now);
  }

  it('notices it in assertHeld(), without asking the store', () => {
    const { lease, store, heard } = takeLease();
    freeze(leaseMs);
    expect(() => lease.assertHeld()).toThrow(LeaseLostError);
    expect(heard).toEqual(['lease-lost']);
    expect(store.renewals).toEqual([]);
  });

  it('aborts the signal in assertHeld()', () => {
    const { lease } = takeLease();
    const { signal } = lease;
    freeze(leaseMs);
    expect(() => lease.assertHeld()).toThrow();
    expect(signal.reason).toBeInstanceOf(LeaseLostError);
  });

  it('still holds the lease if it was frozen for less than that', () => {
    const { lease } = takeLease();
    freeze(leaseMs - 1);
    expect(() => lease.assertHeld()).not.toThrow();
  });

  it('does not accept a lease that is over before its answer arrives', () => {
    expect(() => takeLease({ agedMs: leaseMs }).lease.assertHeld()).toThrow(LeaseLostError);
  });
});

describe('a lease that has ended', () => {
  it('is not renewed again, and leaves no timer', async () => {
    const { lease, store } = takeLease();
    lease.end();
    await pass(10 * leaseMs);
    expect(store.renewals).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is not lost by the answer to a renewal that was already sent', async () => {
    const { lease, store, heard } = takeLease();
    store.answer = 'lost';
    jest.advanceTimersByTime(leaseMs / 3);
    lease.end();
    await pass(0);
    expect(store.renewals).toHaveLength(1);
    expect(heard).toEqual([]);
  });

  it('assertHeld() throws', () => {
    const { lease } = takeLease();
    lease.end();
    expect(lease.remainingMs).toBe(0);
    expect(() => lease.assertHeld()).toThrow(LeaseLostError);
  });
});
