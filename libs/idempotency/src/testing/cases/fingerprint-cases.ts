import { deepEqual, equal } from 'node:assert/strict';
import { KeyUnderTest, SHORT_LEASE_MS, beyond } from '../key-under-test';
import type { StoreCase } from '../store-case';

const KEY_REUSED = { kind: 'idempotency-key-reused' };

export const fingerprintCases: readonly StoreCase[] = [
  {
    name: 'rejects another fingerprint while the key is in progress',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await key.acquire({ fingerprint: 'one' });
      deepEqual(await key.begin({ fingerprint: 'other' }), KEY_REUSED);
      equal((await key.begin({ fingerprint: 'one' })).kind, 'in-progress');
    },
  },
  {
    name: 'rejects another fingerprint after a failed attempt, and accepts the first one again',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire({ fingerprint: 'one' })).release('counted');
      deepEqual(await key.begin({ fingerprint: 'other' }), KEY_REUSED);
      equal((await key.begin({ fingerprint: 'one' })).kind, 'acquired');
    },
  },
  {
    name: 'rejects another fingerprint on a finished key, whose record stays',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const record = await key.finish({ fingerprint: 'one' });
      deepEqual(await key.begin({ fingerprint: 'other' }), KEY_REUSED);
      deepEqual(await key.begin({ fingerprint: 'one' }), { kind: 'completed', record });
    },
  },
  {
    name: 'does not take the lease or count an attempt when the key was reused',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire({ fingerprint: 'one' })).release('counted');
      const before = await key.find();
      await key.begin({ fingerprint: 'other' });
      deepEqual(await key.find(), before);
    },
  },
  {
    name: 'keeps the first fingerprint when a later attempt comes without one',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire({ fingerprint: 'one' })).release('counted');
      await (await key.acquire()).release('counted');
      deepEqual(await key.begin({ fingerprint: 'other' }), KEY_REUSED);
    },
  },
  {
    name: 'binds a key that was first begun without a fingerprint to the first fingerprint that follows',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire()).release('counted');
      await (await key.acquire({ fingerprint: 'one' })).release('counted');
      deepEqual(await key.begin({ fingerprint: 'other' }), KEY_REUSED);
    },
  },
  {
    name: 'answers a request without a fingerprint from any record, and any request from a record without one',
    run: async (store) => {
      const withFingerprint = new KeyUnderTest(store);
      const bound = await withFingerprint.finish({ fingerprint: 'one' });
      deepEqual(await withFingerprint.begin(), { kind: 'completed', record: bound });
      const without = new KeyUnderTest(store);
      const unbound = await without.finish();
      deepEqual(await without.begin({ fingerprint: 'one' }), { kind: 'completed', record: unbound });
    },
  },
  {
    name: 'restarts the time since the first attempt when all attempts were uncounted',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire();
      await clock.advance(beyond(SHORT_LEASE_MS));
      await owner.release('uncounted');
      equal((await key.acquire()).claim.sinceFirstAttemptMs, 0);
    },
  },
  {
    name: 'frees a key for any fingerprint when all its attempts were uncounted',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire({ fingerprint: 'one' })).release('uncounted');
      await (await key.acquire({ fingerprint: 'two' })).release('uncounted');
      equal((await key.begin({ fingerprint: 'three' })).kind, 'acquired');
    },
  },
  {
    name: 'keeps a key bound to its fingerprint when only some attempts were uncounted',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire({ fingerprint: 'one' })).release('counted');
      await (await key.acquire({ fingerprint: 'one' })).release('uncounted');
      deepEqual(await key.begin({ fingerprint: 'other' }), KEY_REUSED);
    },
  },
];
