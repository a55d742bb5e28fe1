import { MemoryIdempotencyStore } from '../../../src';
import { ManualClock } from '../../../src/testing';
import '../../../../../test/support/fixed-seed';
import { LEASE_MS, TTL_SECONDS } from '../../../../../test/support/key-model';
import { itKeepsTheStoreContract } from '../../../../../test/support/store-contract';
import { expectStoreAsModelled } from '../../../../../test/support/store-model';

const name = { scope: 'payment', key: 'abc-123' };

function storeWithClock() {
  const clock = new ManualClock();
  return { clock, store: new MemoryIdempotencyStore({ now: () => clock.now() }) };
}

function beginAs(store: MemoryIdempotencyStore, ownerToken: string, requestedAt?: Date) {
  return store.begin({
    ...name,
    ownerToken,
    leaseMs: 1_000,
    ttlSeconds: 60,
    fingerprint: undefined,
    requestedAt,
  });
}

describe('the in-memory store', () => {
  itKeepsTheStoreContract(storeWithClock);

  it('replies like its model, whatever steps several owners take in any order', async () => {
    await expectStoreAsModelled(
      () => {
        const { clock, store } = storeWithClock();
        return {
          store,
          endLeases: () => clock.advance(LEASE_MS + 1),
          endAll: () => clock.advance(TTL_SECONDS * 1000 + 1),
        };
      },
      { numRuns: 500 },
    );
  });

  it('ends a lease exactly after its last millisecond, as in Redis', async () => {
    const { clock, store } = storeWithClock();
    await beginAs(store, 'first');
    await clock.advance(1_000);
    expect(await beginAs(store, 'second')).toEqual({ kind: 'in-progress', remainingMs: 0 });
    await clock.advance(1);
    expect(await beginAs(store, 'second')).toEqual({
      kind: 'acquired',
      claim: { fencingToken: 2, attempt: 2, forgivenAttempts: 0, sinceFirstAttemptMs: 1_001 },
    });
  });

  it('restarts the time since the first attempt if all attempts were uncounted', async () => {
    const { clock, store } = storeWithClock();
    await beginAs(store, 'first');
    await store.release({ ...name, ownerToken: 'first' }, { counting: 'uncounted' });
    await clock.advance(5_000);
    expect(await beginAs(store, 'second')).toMatchObject({
      claim: { sinceFirstAttemptMs: 0, attempt: 1 },
    });
  });

  it('accepts a request that is exactly as old as records live', async () => {
    const { clock, store } = storeWithClock();
    const requestedAt = new Date(clock.now() - 60_000);
    expect(await beginAs(store, 'first', requestedAt)).toMatchObject({ kind: 'acquired' });
  });

  it('rejects a request that is a millisecond older than that', async () => {
    const { clock, store } = storeWithClock();
    const requestedAt = new Date(clock.now() - 60_001);
    expect(await beginAs(store, 'first', requestedAt)).toEqual({ kind: 'outside-deduplication-window' });
  });

  it('uses the real time if it is given no clock', async () => {
    const store = new MemoryIdempotencyStore();
    const requestedAt = new Date(Date.now() - 3_600_000);
    expect(await beginAs(store, 'first', requestedAt)).toEqual({ kind: 'outside-deduplication-window' });
  });

  it('shares nothing with another store', async () => {
    const { store } = storeWithClock();
    await beginAs(store, 'first');
    expect(await storeWithClock().store.find(name)).toMatchObject({ attempts: 0 });
  });
});
