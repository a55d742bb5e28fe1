import { deepEqual, equal } from 'node:assert/strict';
import { aRecord, freshScope, KeyUnderTest } from '../key-under-test';
import type { StoreCase } from '../store-case';

/** Keys are 1 to 255 visible ASCII characters; these can break patterns, hash tags and prototypes. */
const HOSTILE_KEYS: readonly string[] = [
  '{',
  '}',
  '{}',
  '}{',
  '{}{}',
  '{a}',
  '{a}b',
  'a{b}',
  'a}b',
  '}a',
  '}}a',
  '}a}',
  '{}a',
  'brace}}a.',
  '"',
  "'",
  '`',
  '\\',
  '\\"',
  '"}]',
  '*',
  '?',
  '[a-z]*',
  'a:b',
  ':',
  'a',
  'A',
  '0',
  '-1',
  '__proto__',
  'constructor',
  '$&',
  '%s%d',
  '../../key',
  "');DROP",
  '~'.repeat(255),
  '}'.repeat(255),
  '{'.repeat(255),
];

export const nameCases: readonly StoreCase[] = [
  {
    name: 'keeps the same key of different scopes apart',
    run: async (store) => {
      const one = new KeyUnderTest(store, { scope: freshScope(), key: 'key' });
      const other = new KeyUnderTest(store, { scope: freshScope(), key: 'key' });
      const owner = await one.acquire({ fingerprint: 'one' });
      const record = await other.finish({ fingerprint: 'other' }, { result: 'of the other' });
      equal((await one.begin({ fingerprint: 'one' })).kind, 'in-progress');
      await owner.release('counted');
      equal((await one.find()).record, undefined);
      deepEqual((await other.find()).record, record);
    },
  },
  {
    name: 'keeps hostile keys apart: each is acquired, extended, completed and found as itself',
    run: async (store) => {
      const scope = freshScope();
      const work = HOSTILE_KEYS.map((key) => ({ key, underTest: new KeyUnderTest(store, { scope, key }) }));
      const owners = await Promise.all(
        work.map(async ({ key, underTest }) => ({
          key,
          owner: await underTest.acquire({ fingerprint: key }),
        })),
      );
      for (const { key, owner } of owners) {
        equal(await owner.extend(), 'extended', key);
        deepEqual(await owner.complete(aRecord({ result: key, fingerprint: key })), { kind: 'stored' }, key);
      }
      for (const { key, underTest } of work) {
        equal((await underTest.find()).record?.result, key);
        equal((await underTest.begin({ fingerprint: `not ${key}` })).kind, 'idempotency-key-reused', key);
      }
    },
  },
  {
    name: 'releases and forgets hostile keys one by one',
    run: async (store) => {
      const scope = freshScope();
      const keys = HOSTILE_KEYS.map((key) => new KeyUnderTest(store, { scope, key }));
      for (const key of keys) {
        equal(await (await key.acquire()).release('counted'), 'released');
      }
      for (const key of keys) {
        equal((await key.find()).attempts, 1);
        await key.forget();
        equal((await key.find()).attempts, 0);
      }
    },
  },
];
