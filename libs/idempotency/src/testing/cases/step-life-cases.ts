import { deepEqual, equal } from 'node:assert/strict';
import { beyond, KeyUnderTest, SHORT_TTL_SECONDS, type OwnerUnderTest } from '../key-under-test';
import type { StoreCase } from '../store-case';

const STEPS = '{"reserve":{"id":7}}';
const SHORT_TTL_MS = SHORT_TTL_SECONDS * 1000;

const loaded = (steps: string | undefined) => ({ kind: 'loaded', steps }) as const;

export const stepLifeCases: readonly StoreCase[] = [
  {
    name: 'keeps the saved steps over an uncounted attempt, if an earlier one counts',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquireWithSteps(STEPS)).release('counted');
      await (await key.acquire()).release('uncounted');
      deepEqual(await (await key.acquire()).loadSteps(), loaded(STEPS));
    },
  },
  {
    name: 'keeps the saved steps over extensions, requests that are refused, and attempts that are forgiven',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquireWithSteps(STEPS, { fingerprint: 'one' });
      equal(await owner.extend(), 'extended');
      equal((await key.begin({ fingerprint: 'one' })).kind, 'in-progress');
      equal((await key.begin({ fingerprint: 'other' })).kind, 'idempotency-key-reused');
      equal((await key.begin({ forgivenAttempts: 1 })).kind, 'in-progress');
      deepEqual(await owner.loadSteps(), loaded(STEPS));
      await owner.release('counted');
      const next = await key.acquire({ fingerprint: 'one' });
      equal(next.claim.forgivenAttempts, 1);
      deepEqual(await next.loadSteps(), loaded(STEPS));
    },
  },
  {
    name: 'keeps the saved steps for as long as the attempts, whatever prolongs these: a lease, a wait, another attempt',
    run: async (store, clock) => {
      const short = { ttlSeconds: SHORT_TTL_SECONDS, leaseMs: SHORT_TTL_MS };
      const prolonged = async (prolong: (owner: OwnerUnderTest, key: KeyUnderTest) => Promise<unknown>) => {
        const key = new KeyUnderTest(store);
        const owner = await key.acquireWithSteps(STEPS, short);
        await prolong(owner, key);
        return { key, owner };
      };
      // One after the other, so that each has a whole life for its steps; last the one that is prolonged the least.
      const leased = await prolonged((owner) => owner.extend());
      const again = await prolonged(async (owner, key) => {
        await owner.release('counted');
        await (await key.acquire()).release('counted');
      });
      const waiting = await prolonged((owner) => owner.release('counted', { backoffMs: SHORT_TTL_MS }));
      await clock.advance(beyond(SHORT_TTL_MS));
      for (const { key } of [waiting, again])
        deepEqual(await (await key.acquire()).loadSteps(), loaded(STEPS));
      deepEqual(await leased.owner.loadSteps(), loaded(STEPS));
    },
  },
  {
    name: 'has no steps any more if all attempts were uncounted, so that the key is free for another payload',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquireWithSteps(STEPS, { fingerprint: 'one' })).release('uncounted');
      const next = await key.acquire({ fingerprint: 'other' });
      deepEqual(await next.loadSteps(), loaded(undefined));
      await next.release('counted');
      deepEqual(await (await key.acquire()).loadSteps(), loaded(undefined));
    },
  },
  {
    name: 'has no steps any more of a finished key whose record has expired, however long it is remembered',
    run: async (store, clock) => {
      const settings = { ttlSeconds: SHORT_TTL_SECONDS };
      const tolerances = [undefined, 2 * SHORT_TTL_MS];
      const keys = tolerances.map((clockToleranceMs) => ({ clockToleranceMs, key: new KeyUnderTest(store) }));
      for (const { key, clockToleranceMs } of keys) {
        const owner = await key.acquireWithSteps(STEPS, {
          ...settings,
          clockToleranceMs,
          fingerprint: 'one',
        });
        await owner.complete(undefined, SHORT_TTL_SECONDS, clockToleranceMs);
      }
      await clock.advance(beyond(SHORT_TTL_MS));
      for (const { key, clockToleranceMs } of keys) {
        const next = await key.acquire({ ...settings, clockToleranceMs, fingerprint: 'other' });
        deepEqual(await next.loadSteps(), loaded(undefined));
      }
    },
  },
  {
    name: 'has no steps any more of attempts that have expired',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const short = { ttlSeconds: SHORT_TTL_SECONDS, leaseMs: SHORT_TTL_MS };
      await (await key.acquireWithSteps(STEPS, short)).release('counted');
      await clock.advance(beyond(SHORT_TTL_MS));
      deepEqual(await (await key.acquire()).loadSteps(), loaded(undefined));
    },
  },
  {
    name: 'has no steps any more of a key that was forgotten, but keeps those of a key in progress',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquireWithSteps(STEPS);
      await key.forget();
      deepEqual(await owner.loadSteps(), loaded(STEPS));
      await owner.release('counted');
      await key.forget();
      deepEqual(await (await key.acquire()).loadSteps(), loaded(undefined));
    },
  },
];
