import { deepEqual, equal } from 'node:assert/strict';
import { aRecord, freshScope, KeyUnderTest, NOTHING_FOUND } from '../key-under-test';
import type { StoreCase } from '../store-case';

export const forgetCases: readonly StoreCase[] = [
  {
    name: 'forgets a finished key, so that it can be used like a new one, with any fingerprint',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await key.finish({ fingerprint: 'one' });
      equal(await key.forget(), undefined);
      deepEqual(await key.find(), NOTHING_FOUND);
      const { claim } = await key.acquire({ fingerprint: 'other' });
      deepEqual([claim.fencingToken, claim.attempt], [1, 1]);
    },
  },
  {
    name: 'forgets the attempts and the fingerprint of a key that was released',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire({ fingerprint: 'one' })).release('counted');
      await key.forget();
      deepEqual(await key.find(), NOTHING_FOUND);
      equal((await key.acquire({ fingerprint: 'other' })).claim.attempt, 1);
    },
  },
  {
    name: 'changes nothing when an unknown key is forgotten',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      equal(await key.forget(), undefined);
      deepEqual(await key.find(), NOTHING_FOUND);
    },
  },
  {
    name: 'keeps the lease of a key that is forgotten in progress: no second owner starts, and the first one can finish',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire({ fingerprint: 'one' });
      await key.forget();
      equal((await key.begin({ fingerprint: 'one' })).kind, 'in-progress');
      equal((await key.find()).attempts, 1);
      equal(await owner.extend(), 'extended');
      const record = aRecord({ fingerprint: 'one' });
      deepEqual(await owner.complete(record), { kind: 'stored' });
      deepEqual(await key.begin({ fingerprint: 'one' }), { kind: 'completed', record });
    },
  },
  {
    name: 'keeps counting the attempts of a key that is forgotten in progress, so that fencing tokens keep growing',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire();
      await key.forget();
      await owner.release('counted');
      equal((await key.acquire()).claim.fencingToken, 2);
    },
  },
  {
    name: 'forgets in one scope only',
    run: async (store) => {
      const here = new KeyUnderTest(store, { scope: freshScope(), key: 'key' });
      const there = new KeyUnderTest(store, { scope: freshScope(), key: 'key' });
      await here.finish();
      const record = await there.finish();
      await here.forget();
      deepEqual(await there.begin(), { kind: 'completed', record });
    },
  },
];
