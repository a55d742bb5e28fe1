import { deepEqual, equal } from 'node:assert/strict';
import { beyond, freshScope, KeyUnderTest, SHORT_LEASE_MS } from '../key-under-test';
import type { StoreCase } from '../store-case';

const STEPS = '{"reserve":{"id":7}}';
const OTHER_STEPS = '{"reserve":{"id":7},"charge":null}';

const loaded = (steps: string | undefined) => ({ kind: 'loaded', steps }) as const;
const LOST = { kind: 'lost' };

const HOSTILE_STEPS: readonly string[] = [
  '{}',
  JSON.stringify({
    ['__proto__']: 1,
    '\'"\\': 'quote " backslash \\ newline \n tab \t NUL \u0000 bell \u0007',
  }),
  JSON.stringify({ text: 'Grüße, 世界, 🧾, a lone \u2028 separator, half a pair \ud83e' }),
  JSON.stringify({ '%s%d': '$1 $& %1', '- 0 1 0 0': "'); DROP TABLE" }),
  JSON.stringify({ indented: [1, { two: '\n\n' }] }, undefined, 2),
  '[null]',
  ' ',
];

const LARGE_CHARACTERS = 1_000_000;

export const stepCases: readonly StoreCase[] = [
  {
    name: 'has no steps of a key that is new, or whose earlier attempts saved none',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire();
      deepEqual(await owner.loadSteps(), loaded(undefined));
      await owner.release('counted');
      deepEqual(await (await key.acquire()).loadSteps(), loaded(undefined));
    },
  },
  {
    name: 'gives the saved steps to the owner itself, and replaces them by those that it saves next',
    run: async (store) => {
      const owner = await new KeyUnderTest(store).acquireWithSteps(STEPS);
      deepEqual(await owner.loadSteps(), loaded(STEPS));
      equal(await owner.saveSteps(OTHER_STEPS), 'saved');
      deepEqual(await owner.loadSteps(), loaded(OTHER_STEPS));
    },
  },
  {
    name: 'gives the saved steps to the next owner when the lease ran out, who may replace them',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      await (await key.acquireWithSteps(STEPS, { fingerprint: 'one' })).extend(SHORT_LEASE_MS);
      await clock.advance(beyond(SHORT_LEASE_MS));
      const next = await key.acquire({ fingerprint: 'one' });
      deepEqual(await next.loadSteps(), loaded(STEPS));
      await next.saveSteps(OTHER_STEPS);
      await next.release('counted');
      deepEqual(await (await key.acquire()).loadSteps(), loaded(OTHER_STEPS));
    },
  },
  {
    name: 'gives the saved steps to the next owner after a release, also of work that has not ended',
    run: async (store) => {
      for (const counting of ['counted', 'unfinished'] as const) {
        const key = new KeyUnderTest(store);
        await (await key.acquireWithSteps(STEPS)).release(counting);
        deepEqual(await (await key.acquire({ fingerprint: 'one' })).loadSteps(), loaded(STEPS));
      }
    },
  },
  {
    name: 'neither gives nor saves steps for a process that is not the owner',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquireWithSteps(STEPS);
      const other = key.notOwner();
      deepEqual(await other.loadSteps(), LOST);
      equal(await other.saveSteps(OTHER_STEPS), 'lost');
      deepEqual(await owner.loadSteps(), loaded(STEPS));
      const unknown = new KeyUnderTest(store).notOwner();
      deepEqual([await unknown.loadSteps(), await unknown.saveSteps(STEPS)], [LOST, 'lost']);
    },
  },
  {
    name: 'neither gives nor saves steps for an owner whose lease ran out, before and after another owner has begun',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const late = await key.acquireWithSteps(STEPS);
      await late.extend(SHORT_LEASE_MS);
      await clock.advance(beyond(SHORT_LEASE_MS));
      deepEqual([await late.loadSteps(), await late.saveSteps(OTHER_STEPS)], [LOST, 'lost']);
      const next = await key.acquire();
      deepEqual([await late.loadSteps(), await late.saveSteps(OTHER_STEPS)], [LOST, 'lost']);
      deepEqual(await next.loadSteps(), loaded(STEPS));
    },
  },
  {
    name: 'neither gives nor saves steps for an owner that has released or completed',
    run: async (store) => {
      const released = await new KeyUnderTest(store).acquireWithSteps(STEPS);
      await released.release('counted');
      const completed = await new KeyUnderTest(store).acquireWithSteps(STEPS);
      await completed.complete();
      for (const owner of [released, completed])
        deepEqual([await owner.loadSteps(), await owner.saveSteps(OTHER_STEPS)], [LOST, 'lost']);
    },
  },
  {
    name: 'gives every text of steps as it was saved, and the attempts and the payload of its key stay the same',
    run: async (store) => {
      for (const steps of HOSTILE_STEPS) {
        const key = new KeyUnderTest(store);
        const owner = await key.acquire({ fingerprint: 'one two' });
        equal(await owner.saveSteps(steps), 'saved');
        equal((await key.find()).attempts, 1);
        await owner.release('counted');
        equal((await key.begin({ fingerprint: 'one' })).kind, 'idempotency-key-reused');
        const next = await key.acquire({ fingerprint: 'one two' });
        deepEqual([next.claim.attempt, await next.loadSteps()], [2, loaded(steps)]);
      }
    },
  },
  {
    name: 'saves and gives large steps, and finishes their key',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const steps = JSON.stringify({ large: 'x'.repeat(LARGE_CHARACTERS) });
      const owner = await key.acquire();
      equal(await owner.saveSteps(steps), 'saved');
      equal(await owner.extend(), 'extended');
      await owner.release('counted');
      const next = await key.acquire();
      deepEqual(await next.loadSteps(), loaded(steps));
      deepEqual(await next.complete(), { kind: 'stored' });
      equal((await key.begin()).kind, 'completed');
    },
  },
  {
    name: 'keeps the steps of different keys and scopes apart, also if they are saved at the same time',
    run: async (store) => {
      const names = [1, 2].flatMap(() => {
        const scope = freshScope();
        return ['one', 'two'].map((key) => ({ scope, key }));
      });
      const keys = names.map((name) => ({ key: new KeyUnderTest(store, name), steps: JSON.stringify(name) }));
      const owners = await Promise.all(
        keys.map(async ({ key, steps }) => ({ owner: await key.acquire(), steps })),
      );
      await Promise.all(owners.map(({ owner, steps }) => owner.saveSteps(steps)));
      deepEqual(
        await Promise.all(owners.map(({ owner }) => owner.loadSteps())),
        owners.map(({ steps }) => loaded(steps)),
      );
    },
  },
];
