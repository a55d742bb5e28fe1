import { deepEqual, equal } from 'node:assert/strict';
import { ANY_RESULTS, LARGE_RESULT } from '../any-results';
import { aRecord, KeyUnderTest, SHORT_LEASE_MS, beyond, foundFinished } from '../key-under-test';
import type { StoreCase } from '../store-case';

export const completeCases: readonly StoreCase[] = [
  {
    name: 'stores the record of the owner and frees the key',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire();
      const record = aRecord({ fencingToken: owner.claim.fencingToken });
      deepEqual(await owner.complete(record), { kind: 'stored' });
      deepEqual(await key.find(), foundFinished(record));
    },
  },
  {
    name: 'replies to a repeated completion with the stored record, and does not store another one',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire();
      const record = aRecord({ result: 'first' });
      await owner.complete(record);
      deepEqual(await owner.complete(aRecord({ result: 'again' })), { kind: 'lost', record });
      deepEqual(await key.begin(), { kind: 'completed', record });
    },
  },
  {
    name: 'stores one record of completions that start at the same time',
    run: async (store) => {
      const owner = await new KeyUnderTest(store).acquire();
      const records = ['first', 'again'].map((result) => aRecord({ result }));
      const replies = await Promise.all(records.map((record) => owner.complete(record)));
      const lost = replies.flatMap((reply) => (reply.kind === 'lost' ? [reply.record?.result] : []));
      const stored = replies.findIndex(({ kind }) => kind === 'stored');
      deepEqual(lost, [records[stored]?.result]);
    },
  },
  {
    name: 'says how often a finished key was claimed, and which counted attempt finished it',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      for (const counting of ['uncounted', 'counted', 'uncounted'] as const)
        await (await key.acquire()).release(counting);
      const record = await key.finish({}, { attempt: 2 });
      deepEqual(await key.find(), { ...foundFinished(record), attempts: 4, countedAttempts: 2 });
    },
  },
  {
    name: 'replies to a late owner with the record of the next owner, which stays',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const late = await key.acquire({ leaseMs: SHORT_LEASE_MS });
      await clock.advance(beyond(SHORT_LEASE_MS));
      const record = await key.finish({}, { result: 'of the next owner' });
      equal(record.fencingToken, 2);
      deepEqual(await late.complete(aRecord({ result: 'late' })), { kind: 'lost', record });
      deepEqual((await key.find()).record, record);
    },
  },
  {
    name: 'does not extend or release for an owner that has completed',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire();
      await owner.complete();
      const before = await key.find();
      equal(await owner.extend(), 'lost');
      equal(await owner.release('uncounted'), 'lost');
      deepEqual(await key.find(), before);
    },
  },
  {
    name: 'returns every JSON result as it was stored',
    run: async (store) => {
      for (const result of ANY_RESULTS) {
        const key = new KeyUnderTest(store);
        const record = await key.finish({}, { result });
        deepEqual(await key.begin(), { kind: 'completed', record });
      }
    },
  },
  {
    name: 'returns every field of a record, including a remembered error',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const error = {
        name: 'CardError',
        message: 'declined',
        http: { status: 402, response: { code: 'no' } },
      };
      const record = await key.finish({ fingerprint: 'one' }, { result: null, error });
      deepEqual(await key.begin({ fingerprint: 'one' }), { kind: 'completed', record });
    },
  },
  {
    name: 'keeps a record as it was stored, even if its result object changes afterwards',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const result = { lines: ['one'] };
      await key.finish({}, { result });
      result.lines.push('two');
      const { record } = await key.find();
      deepEqual(record?.result, { lines: ['one'] });
    },
  },
  {
    name: 'stores and returns a large result',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await key.finish({}, { result: LARGE_RESULT });
      equal((await key.find()).record?.result, LARGE_RESULT);
    },
  },
];
