import { IdempotencyEvents, LeaseLostError } from '../src';
import { Lease, Renewals } from '../src/engine/lease';
import { Engines } from './engine-under-test';

const leaseMs = 30_000;
const owner = { scope: 'order', key: 'abc', ownerToken: 'mine' };

/** A lease that the store gave to us, or to another owner. */
async function takeLease({ ofAnotherOwner = false } = {}) {
  const engines = new Engines();
  const ownerToken = ofAnotherOwner ? 'theirs' : 'mine';
  await engines.store.begin({
    ...owner,
    ownerToken,
    leaseMs,
    ttlSeconds: 60,
    fingerprint: undefined,
    requestedAt: undefined,
  });
  const heard: string[] = [];
  const events = new IdempotencyEvents();
  events.on(({ kind }) => heard.push(kind));
  return {
    engines,
    heard,
    lease: new Lease(new Renewals(engines.store, events), owner, leaseMs, performance.now()),
  };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

describe('a lease that ends while its renewal is being sent', () => {
  it.each([{ isRefused: false }, { isRefused: true }])(
    'is not renewed again (the store refuses: $isRefused)',
    async ({ isRefused }) => {
      const { engines, lease, heard } = await takeLease();
      if (isRefused) engines.fail('extend');
      jest.advanceTimersByTime(leaseMs / 3);
      lease.end();
      await jest.advanceTimersByTimeAsync(0);
      expect(engines.callsOf('extend')).toHaveLength(1);
      expect([heard, jest.getTimerCount()]).toEqual([[], 0]);
    },
  );
});

describe('a lease that was lost', () => {
  it('emits one event', async () => {
    const { lease, heard } = await takeLease({ ofAnotherOwner: true });
    await jest.advanceTimersByTimeAsync(leaseMs / 3);
    expect(() => lease.assertHeld()).toThrow(LeaseLostError);
    expect(() => lease.assertHeld()).toThrow(LeaseLostError);
    expect(heard).toEqual(['lease-lost']);
  });

  it('stays lost after end()', async () => {
    const { lease } = await takeLease({ ofAnotherOwner: true });
    await jest.advanceTimersByTimeAsync(leaseMs / 3);
    lease.end();
    expect(lease.signal.reason).toBeInstanceOf(LeaseLostError);
  });

  it('has a signal that is not aborted by end() alone', async () => {
    const { lease } = await takeLease();
    expect(lease.signal.aborted).toBe(false);
    lease.end();
    expect(lease.signal.aborted).toBe(false);
  });
});
