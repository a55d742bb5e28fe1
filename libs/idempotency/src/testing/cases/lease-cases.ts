import { deepEqual, equal, ok } from 'node:assert/strict';
import { aRecord, KeyUnderTest, LONG_LEASE_MS, SHORT_LEASE_MS, beyond } from '../key-under-test';
import type { StoreCase } from '../store-case';

export const leaseCases: readonly StoreCase[] = [
  {
    name: 'extends a lease for its owner',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire({ leaseMs: LONG_LEASE_MS / 2 });
      equal(await owner.extend(2 * LONG_LEASE_MS), 'extended');
      const { remainingLeaseMs = 0 } = await key.find();
      ok(remainingLeaseMs > LONG_LEASE_MS && remainingLeaseMs <= 2 * LONG_LEASE_MS, `${remainingLeaseMs} ms`);
    },
  },
  {
    name: 'counts an extended lease from the moment of the extension, so an extension may also shorten it',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire();
      equal(await owner.extend(SHORT_LEASE_MS), 'extended');
      await clock.advance(beyond(SHORT_LEASE_MS));
      equal((await key.begin()).kind, 'acquired');
    },
  },
  {
    name: 'does not extend, release or complete for a process that is not the owner',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire();
      const other = key.notOwner();
      equal(await other.extend(2 * LONG_LEASE_MS), 'lost');
      equal(await other.release('uncounted'), 'lost');
      deepEqual(await other.complete(), { kind: 'lost', record: undefined });
      const { remainingLeaseMs = 0, record } = await key.find();
      ok(remainingLeaseMs <= LONG_LEASE_MS, 'a process that is not the owner extended the lease');
      equal(record, undefined);
      equal(await owner.extend(), 'extended');
    },
  },
  {
    name: 'releases a key for the next attempt, without a record',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      equal(await (await key.acquire()).release('counted'), 'released');
      deepEqual(await key.find(), {
        record: undefined,
        attempts: 1,
        countedAttempts: 1,
        forgivenAttempts: 0,
        remainingLeaseMs: undefined,
      });
      const { claim } = await key.acquire();
      deepEqual([claim.fencingToken, claim.attempt], [2, 2]);
    },
  },
  {
    name: 'does not count uncounted attempts, while the fencing token grows with each claim',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const counted: number[][] = [];
      for (const counting of ['uncounted', 'counted', 'uncounted', 'counted'] as const) {
        const owner = await key.acquire();
        counted.push([owner.claim.fencingToken, owner.claim.attempt]);
        await owner.release(counting);
      }
      deepEqual(counted, [
        [1, 1],
        [2, 1],
        [3, 2],
        [4, 2],
      ]);
      const { attempts, countedAttempts } = await key.find();
      deepEqual({ attempts, countedAttempts }, { attempts: 4, countedAttempts: 2 });
    },
  },
  {
    name: 'does not extend, release or complete for an owner that has released',
    run: async (store) => {
      const owner = await new KeyUnderTest(store).acquire();
      await owner.release('counted');
      equal(await owner.extend(), 'lost');
      equal(await owner.release('uncounted'), 'lost');
      deepEqual(await owner.complete(), { kind: 'lost', record: undefined });
    },
  },
  {
    name: 'gives the key to the next owner when the lease ran out, with a greater fencing token',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const first = await key.acquire({ leaseMs: SHORT_LEASE_MS });
      await clock.advance(beyond(SHORT_LEASE_MS));
      equal((await key.find()).remainingLeaseMs, undefined);
      const { claim } = await key.acquire();
      ok(claim.fencingToken > first.claim.fencingToken, 'the fencing token did not grow');
      equal(claim.attempt, 2);
      ok(claim.sinceFirstAttemptMs >= SHORT_LEASE_MS, `${claim.sinceFirstAttemptMs} ms`);
    },
  },
  {
    name: 'writes nothing for an owner whose lease ran out, even before another owner has begun',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const late = await key.acquire({ leaseMs: SHORT_LEASE_MS });
      await clock.advance(beyond(SHORT_LEASE_MS));
      equal(await late.extend(), 'lost');
      equal(await late.release('uncounted'), 'lost');
      deepEqual(await late.complete(), { kind: 'lost', record: undefined });
      deepEqual(await key.find(), {
        record: undefined,
        attempts: 1,
        countedAttempts: 1,
        forgivenAttempts: 0,
        remainingLeaseMs: undefined,
      });
    },
  },
  {
    name: 'protects the next owner from the previous one: no extension, no release, no record',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const late = await key.acquire({ leaseMs: SHORT_LEASE_MS });
      await clock.advance(beyond(SHORT_LEASE_MS));
      const next = await key.acquire();
      equal(await late.extend(2 * LONG_LEASE_MS), 'lost');
      equal(await late.release('uncounted'), 'lost');
      deepEqual(await late.complete(aRecord({ result: 'late' })), { kind: 'lost', record: undefined });
      deepEqual(await next.complete(aRecord({ result: 'next' })), { kind: 'stored' });
      equal((await key.find()).record?.result, 'next');
    },
  },
];
