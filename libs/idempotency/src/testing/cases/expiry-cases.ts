import { deepEqual, equal } from 'node:assert/strict';
import {
  aRecord,
  KeyUnderTest,
  LONG_TTL_SECONDS,
  SHORT_LEASE_MS,
  SHORT_TTL_SECONDS,
  beyond,
  NOTHING_FOUND,
} from '../key-under-test';
import type { StoreCase } from '../store-case';

export const expiryCases: readonly StoreCase[] = [
  {
    name: 'forgets a record and its attempts once they have expired',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      await key.finish({ fingerprint: 'one', ttlSeconds: SHORT_TTL_SECONDS });
      await clock.advance(beyond(SHORT_TTL_SECONDS * 1000));
      deepEqual(await key.find(), NOTHING_FOUND);
      deepEqual((await key.acquire({ fingerprint: 'other' })).claim.attempt, 1);
    },
  },
  {
    name: 'forgets attempts without a record after the time that a record lives',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const short = { ttlSeconds: SHORT_TTL_SECONDS, leaseMs: SHORT_TTL_SECONDS * 1000 };
      await (await key.acquire(short)).release('counted');
      await (await key.acquire(short)).release('uncounted');
      await clock.advance(beyond(SHORT_TTL_SECONDS * 1000));
      deepEqual(await key.find(), NOTHING_FOUND);
    },
  },
  {
    name: 'keeps attempts for as long as the record, counted from the completion',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire({ ttlSeconds: SHORT_TTL_SECONDS });
      const record = aRecord();
      await owner.complete(record, LONG_TTL_SECONDS);
      await clock.advance(beyond(SHORT_TTL_SECONDS * 1000));
      deepEqual(await key.find(), { ...NOTHING_FOUND, record, attempts: 1, countedAttempts: 1 });
    },
  },
  {
    name: 'counts the life of attempts from the last attempt',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const short = { ttlSeconds: SHORT_TTL_SECONDS, leaseMs: SHORT_TTL_SECONDS * 1000 };
      await (await key.acquire(short)).release('counted');
      await (await key.acquire({ ttlSeconds: LONG_TTL_SECONDS })).release('counted');
      await clock.advance(beyond(SHORT_TTL_SECONDS * 1000));
      equal((await key.acquire()).claim.attempt, 3);
    },
  },
  {
    name: 'keeps attempts during a lease that is longer than a record lives',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire({ ttlSeconds: SHORT_TTL_SECONDS });
      await clock.advance(beyond(SHORT_TTL_SECONDS * 1000));
      equal((await key.begin()).kind, 'in-progress');
      await owner.release('uncounted');
      equal((await key.acquire()).claim.fencingToken, 2);
    },
  },
  {
    name: 'keeps attempts while a lease is extended beyond the life of a record',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire({ ttlSeconds: SHORT_TTL_SECONDS, leaseMs: SHORT_TTL_SECONDS * 1000 });
      await owner.extend();
      await clock.advance(beyond(SHORT_TTL_SECONDS * 1000));
      equal(await owner.release('counted'), 'released');
      equal((await key.acquire()).claim.fencingToken, 2);
    },
  },
  {
    name: 'does not shorten the life of attempts by a short extension of the lease',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire();
      await owner.extend(SHORT_LEASE_MS);
      await clock.advance(beyond(SHORT_LEASE_MS));
      equal((await key.acquire()).claim.fencingToken, 2);
    },
  },
];
