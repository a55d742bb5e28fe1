import { deepEqual, equal } from 'node:assert/strict';
import { ANY_RESULTS, LARGE_RESULT } from '../any-results';
import {
  aRecord,
  beyond,
  foundFinished,
  freshScope,
  KeyUnderTest,
  NOTHING_FOUND,
  SHORT_TTL_SECONDS,
} from '../key-under-test';
import type { StoreCase } from '../store-case';

export const replaceCases: readonly StoreCase[] = [
  {
    name: 'replaces a record, and answers duplicates with the new one',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const record = await key.finish({}, { result: 'pending' });
      const later = { ...record, result: 'paid' };
      equal(await key.replaceRecord(record, later), 'replaced');
      deepEqual(await key.find(), foundFinished(later));
      deepEqual(await key.begin(), { kind: 'completed', record: later });
    },
  },
  {
    name: 'replaces a record that was replaced before, as it was found',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await key.finish({}, { result: 0 });
      for (const result of [1, 2]) {
        const { record = aRecord() } = await key.find();
        equal(await key.replaceRecord(record, { ...record, result }), 'replaced');
        equal((await key.find()).record?.result, result);
      }
    },
  },
  {
    name: 'keeps the fingerprint and the attempts of a key whose record is replaced',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire({ fingerprint: 'one' })).release('counted');
      const record = await key.finish({ fingerprint: 'one' });
      const later = { ...record, result: 'later' };
      equal(await key.replaceRecord(record, later), 'replaced');
      deepEqual(await key.begin({ fingerprint: 'other' }), { kind: 'idempotency-key-reused' });
      deepEqual(await key.begin({ fingerprint: 'one' }), { kind: 'completed', record: later });
      deepEqual(await key.find(), { ...foundFinished(later), attempts: 2, countedAttempts: 2 });
    },
  },
  {
    name: 'keeps the remaining life of a record that is replaced, whether short or long',
    run: async (store, clock) => {
      const [short, long] = [new KeyUnderTest(store), new KeyUnderTest(store)];
      const record = await short.finish({ ttlSeconds: SHORT_TTL_SECONDS });
      const other = await long.finish();
      equal(await short.replaceRecord(record, { ...record, result: 'later' }), 'replaced');
      const later = { ...other, result: 'later' };
      equal(await long.replaceRecord(other, later), 'replaced');
      await clock.advance(beyond(SHORT_TTL_SECONDS * 1000));
      deepEqual(await short.find(), NOTHING_FOUND);
      deepEqual(await long.find(), foundFinished(later));
    },
  },
  {
    name: 'does not replace a record that was replaced since it was read',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const record = await key.finish({}, { result: 'pending' });
      const paid = { ...record, result: 'paid' };
      equal(await key.replaceRecord(record, paid), 'replaced');
      equal(await key.replaceRecord(record, { ...record, result: 'failed' }), 'changed');
      deepEqual((await key.find()).record, paid);
    },
  },
  {
    name: 'replaces a record once if several try at the same time',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const record = await key.finish({}, { result: 'pending' });
      const later = ['paid', 'failed', 'refunded'].map((result) => ({ ...record, result }));
      const replies = await Promise.all(later.map((one) => key.replaceRecord(record, one)));
      deepEqual([...replies].sort(), ['changed', 'changed', 'replaced']);
      deepEqual((await key.find()).record, later[replies.indexOf('replaced')]);
    },
  },
  {
    name: 'does not store a record by replacing one under an unknown or forgotten key',
    run: async (store) => {
      const [unknown, forgotten] = [new KeyUnderTest(store), new KeyUnderTest(store)];
      equal(await unknown.replaceRecord(aRecord(), aRecord({ result: 'later' })), 'changed');
      deepEqual(await unknown.find(), NOTHING_FOUND);
      const record = await forgotten.finish();
      await forgotten.forget();
      equal(await forgotten.replaceRecord(record, { ...record, result: 'later' }), 'changed');
      deepEqual(await forgotten.find(), NOTHING_FOUND);
    },
  },
  {
    name: 'does not replace a record that has expired, and leaves the next owner its lease',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const record = await key.finish({ ttlSeconds: SHORT_TTL_SECONDS });
      const later = { ...record, result: 'later' };
      await clock.advance(beyond(SHORT_TTL_SECONDS * 1000));
      equal(await key.replaceRecord(record, later), 'changed');
      deepEqual(await key.find(), NOTHING_FOUND);
      const owner = await key.acquire();
      equal(await key.replaceRecord(record, later), 'changed');
      equal((await key.begin()).kind, 'in-progress');
      const own = aRecord({ result: 'of the next owner' });
      deepEqual(await owner.complete(own), { kind: 'stored' });
      equal(await key.replaceRecord(record, later), 'changed');
      deepEqual((await key.find()).record, own);
    },
  },
  {
    name: 'replaces any JSON by any other, also a large one, and returns it as it was stored',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await key.finish({}, { result: 'first' });
      for (const result of [...ANY_RESULTS, LARGE_RESULT, 'last']) {
        const { record = aRecord() } = await key.find();
        equal(await key.replaceRecord(record, { ...record, result }), 'replaced');
        deepEqual(await key.begin(), { kind: 'completed', record: { ...record, result } });
      }
    },
  },
  {
    name: 'replaces a result by a remembered error, and that by a result',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const record = await key.finish({ fingerprint: 'one' }, { result: 'pending', origin: 'trace-1' });
      const error = { name: 'CardError', message: 'declined', http: { status: 402, response: { no: 1 } } };
      const failed = { ...record, result: null, error };
      equal(await key.replaceRecord(record, failed), 'replaced');
      deepEqual((await key.find()).record, failed);
      equal(await key.replaceRecord(failed, record), 'replaced');
      deepEqual((await key.find()).record, record);
    },
  },
  {
    name: 'replaces in one scope only',
    run: async (store) => {
      const here = new KeyUnderTest(store, { scope: freshScope(), key: 'key' });
      const there = new KeyUnderTest(store, { scope: freshScope(), key: 'key' });
      const record = await here.finish();
      await there.finish({}, record);
      equal(await here.replaceRecord(record, { ...record, result: 'later' }), 'replaced');
      deepEqual((await there.find()).record, record);
    },
  },
];
