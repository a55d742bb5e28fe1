import { IdempotencyEvents, LeaseLostError } from '../../../src/idempotency';
import { Lease } from '../../../src/idempotency/lease';
import type { IdempotencyStore, LeaseOwner } from '../../../src/idempotency/store/idempotency-store';

const leaseMs = 30_000;
const owner: LeaseOwner = { scope: 'order', key: 'abc', ownerToken: 'mine' };

type Renewal = 'extended' | 'lost' | 'unavailable' | 'silent';

/** A store that knows one lease, and answers its renewal as told. */
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
  release = unused;
  find = unused;
  forget = unused;
  probe = unused;
}

function unused(): Promise<never> {
  throw new Error('a lease is only ever extended');
}

/** A lease that was just taken, the store that renews it, and what its events say. */
function takeLease({ agedMs = 0 } = {}) {
  const store = new OneLease();
  const heard: string[] = [];
  const events = new IdempotencyEvents();
  events.on(({ kind }) => heard.push(kind));
  const lease = new Lease(store, owner, leaseMs, events, performance.now() - agedMs);
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

  it('is held for as long as it is renewed', async () => {
    const { lease, store, heard } = takeLease();
    await pass(10 * leaseMs);
    expect(store.renewals).toHaveLength(30);
    expect(heard).not.toContain('lease-lost');
    expect(() => lease.assertHeld()).not.toThrow();
  });

  it('counts what is left of it from before the request for it was sent', () => {
    expect(takeLease({ agedMs: 1_000 }).lease.remainingMs).toBe(leaseMs - 1_000);
  });

  it('counts anew from before each renewal was sent', async () => {
    const { lease } = takeLease();
    await pass(leaseMs / 3 + 1_000);
    expect(lease.remainingMs).toBe(leaseMs - 1_000);
  });
});

describe('a lease that another one has', () => {
  it('is lost with the renewal that says so', async () => {
    const { lease, store, heard } = takeLease();
    store.answer = 'lost';
    await pass(leaseMs / 3);
    expect(heard).toEqual(['lease-lost']);
    expect(lease.remainingMs).toBe(0);
    expect(() => lease.assertHeld()).toThrow(LeaseLostError);
  });

  it('is not renewed any more', async () => {
    const { store } = takeLease();
    store.answer = 'lost';
    await pass(10 * leaseMs);
    expect(store.renewals).toHaveLength(1);
  });

  it('aborts the signal, and says why', async () => {
    const { lease, store } = takeLease();
    const { signal } = lease;
    store.answer = 'lost';
    expect(signal.aborted).toBe(false);
    await pass(leaseMs / 3);
    expect(signal.reason).toBeInstanceOf(LeaseLostError);
  });

  it('has an aborted signal for those who ask for it only then', async () => {
    const { lease, store } = takeLease();
    store.answer = 'lost';
    await pass(leaseMs / 3);
    expect(lease.signal.reason).toBeInstanceOf(LeaseLostError);
  });

  it('has one signal', () => {
    const { lease } = takeLease();
    expect(lease.signal).toBe(lease.signal);
  });
});

describe('a store that does not answer renewals', () => {
  it('costs the lease only at its end', async () => {
    const { lease, store, heard } = takeLease();
    store.answer = 'unavailable';
    await pass(leaseMs - 1);
    expect(heard).toEqual([]);
    expect(() => lease.assertHeld()).not.toThrow();
    await pass(1);
    expect(heard).toEqual(['lease-lost']);
    expect(() => lease.assertHeld()).toThrow(LeaseLostError);
  });

  it('is asked again several times before that, and no more after', async () => {
    const { store } = takeLease();
    store.answer = 'unavailable';
    await pass(leaseMs);
    const asked = store.renewals.length;
    expect(asked).toBeGreaterThan(3);
    expect(asked).toBeLessThan(20);
    await pass(leaseMs);
    expect(store.renewals).toHaveLength(asked);
  });

  it('costs nothing when it comes back in time', async () => {
    const { lease, store, heard } = takeLease();
    store.answer = 'unavailable';
    await pass(leaseMs * 0.8);
    store.answer = 'extended';
    await pass(leaseMs);
    expect(heard).not.toContain('lease-lost');
    expect(() => lease.assertHeld()).not.toThrow();
  });

  it('costs the lease although a renewal hangs for ever', async () => {
    const { lease, store } = takeLease();
    store.answer = 'silent';
    await pass(leaseMs);
    expect(() => lease.assertHeld()).toThrow(LeaseLostError);
  });
});

describe('a process that was frozen past its lease', () => {
  /** Time passes, and no timer has had its turn yet. */
  function freeze(ms: number): void {
    const now = performance.now() + ms;
    jest.spyOn(performance, 'now').mockReturnValue(now);
  }

  it('knows at once, without a word to the store', () => {
    const { lease, store, heard } = takeLease();
    freeze(leaseMs);
    expect(() => lease.assertHeld()).toThrow(LeaseLostError);
    expect(heard).toEqual(['lease-lost']);
    expect(store.renewals).toEqual([]);
  });

  it('aborts the signal then', () => {
    const { lease } = takeLease();
    const { signal } = lease;
    freeze(leaseMs);
    expect(() => lease.assertHeld()).toThrow();
    expect(signal.reason).toBeInstanceOf(LeaseLostError);
  });

  it('holds on when it was shorter than that', () => {
    const { lease } = takeLease();
    freeze(leaseMs - 1);
    expect(() => lease.assertHeld()).not.toThrow();
  });

  it('does not believe that it was given a lease when that is over already', () => {
    expect(() => takeLease({ agedMs: leaseMs }).lease.assertHeld()).toThrow(LeaseLostError);
  });
});

describe('a lease that has ended', () => {
  it('is renewed no more, and leaves no timer', async () => {
    const { lease, store } = takeLease();
    lease.end();
    await pass(10 * leaseMs);
    expect(store.renewals).toEqual([]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is not lost by the answer to a renewal that was on its way', async () => {
    const { lease, store, heard } = takeLease();
    store.answer = 'lost';
    jest.advanceTimersByTime(leaseMs / 3);
    lease.end();
    await pass(0);
    expect(store.renewals).toHaveLength(1);
    expect(heard).toEqual([]);
  });

  it('is no right to anything', () => {
    const { lease } = takeLease();
    lease.end();
    expect(lease.remainingMs).toBe(0);
    expect(() => lease.assertHeld()).toThrow(LeaseLostError);
  });
});
