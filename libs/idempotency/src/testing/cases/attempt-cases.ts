import { deepEqual, equal, ok } from 'node:assert/strict';
import { KeyUnderTest, SHORT_LEASE_MS, beyond } from '../key-under-test';
import type { StoreCase } from '../store-case';

/** Too long to be over during a case. */
const LONG_BACKOFF_MS = 60_000;
/** So short that a case can wait for the end. */
const SHORT_BACKOFF_MS = 40;

export const attemptCases: readonly StoreCase[] = [
  {
    name: 'replies that the next attempt is not due, and for how long, and counts nothing meanwhile',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire()).release('counted', { backoffMs: LONG_BACKOFF_MS });
      for (const reply of [await key.begin(), await key.begin()]) {
        ok(reply.kind === 'not-due', `begin replied ${reply.kind}`);
        ok(
          reply.remainingMs > LONG_BACKOFF_MS / 2 && reply.remainingMs <= LONG_BACKOFF_MS,
          `${reply.remainingMs} ms`,
        );
      }
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
    name: 'gives the key to the next owner when the attempt is due',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire()).release('counted', { backoffMs: SHORT_BACKOFF_MS });
      await clock.advance(beyond(SHORT_BACKOFF_MS));
      equal((await key.acquire()).claim.attempt, 2);
    },
  },
  {
    name: 'has no due time any more once the attempt has begun',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire()).release('counted', { backoffMs: SHORT_BACKOFF_MS });
      await clock.advance(beyond(SHORT_BACKOFF_MS));
      await (await key.acquire()).release('counted');
      equal((await key.acquire()).claim.attempt, 3);
    },
  },
  {
    name: 'keeps attempts while the next one is not due',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const owner = await key.acquire({ ttlSeconds: 1, leaseMs: 1_000 });
      await owner.release('counted', { backoffMs: 1_500 });
      await clock.advance(beyond(1_500));
      equal((await key.acquire()).claim.attempt, 2);
    },
  },
  {
    name: 'rejects another fingerprint while the next attempt is not due',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire({ fingerprint: 'one' })).release('counted', { backoffMs: LONG_BACKOFF_MS });
      deepEqual(await key.begin({ fingerprint: 'other' }), { kind: 'idempotency-key-reused' });
    },
  },
  {
    name: 'replies that retries are exhausted once maxAttempts attempts are counted, and counts no more',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire({ maxAttempts: 2 })).release('counted');
      await (await key.acquire({ maxAttempts: 2 })).release('uncounted');
      await (await key.acquire({ maxAttempts: 2 })).release('counted');
      const exhausted = { kind: 'retries-exhausted', attempts: 2 };
      deepEqual(
        [await key.begin({ maxAttempts: 2 }), await key.begin({ maxAttempts: 1 })],
        [exhausted, exhausted],
      );
      equal((await key.find()).attempts, 3);
    },
  },
  {
    name: 'gives an exhausted key to a request with a higher limit or no limit',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire()).release('counted');
      await (await key.acquire({ maxAttempts: 2 })).release('counted');
      equal((await key.acquire()).claim.attempt, 3);
    },
  },
  {
    name: 'replies in progress, not exhausted, while the last attempt runs',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await key.acquire({ maxAttempts: 1 });
      equal((await key.begin({ maxAttempts: 1 })).kind, 'in-progress');
    },
  },
  {
    name: 'allows another attempt after a last one that did not end: a dead owner, or unfinished work',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      await key.acquire({ maxAttempts: 1, leaseMs: SHORT_LEASE_MS });
      await clock.advance(beyond(SHORT_LEASE_MS));
      await (await key.acquire({ maxAttempts: 1 })).release('unfinished');
      equal((await key.acquire({ maxAttempts: 1 })).claim.attempt, 3);
    },
  },
  {
    name: 'answers from the record however many attempts there were',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const record = await key.finish();
      deepEqual(await key.begin({ maxAttempts: 1 }), { kind: 'completed', record });
    },
  },
  {
    name: 'applies forgiven attempts to every request of the key, once one of them has sent their number',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const plain = { maxAttempts: 2 };
      const again = { ...plain, forgivenAttempts: 2 };
      await (await key.acquire(plain)).release('counted');
      await (await key.acquire(plain)).release('counted');
      deepEqual(await key.begin(plain), { kind: 'retries-exhausted', attempts: 2 });
      for (const [settings, attempt] of [[again, 3] as const, [plain, 4] as const]) {
        const owner = await key.acquire(settings);
        deepEqual([owner.claim.attempt, owner.claim.forgivenAttempts], [attempt, 2]);
        await owner.release('counted');
      }
      const exhausted = { kind: 'retries-exhausted', attempts: 4 };
      deepEqual([await key.begin(plain), await key.begin(again)], [exhausted, exhausted]);
    },
  },
  {
    name: 'stores the number of forgiven attempts even while the key is in progress or the next attempt is not due',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire()).release('counted');
      const owner = await key.acquire();
      equal((await key.begin({ forgivenAttempts: 1 })).kind, 'in-progress');
      equal((await key.find()).forgivenAttempts, 1);
      await owner.release('counted', { backoffMs: LONG_BACKOFF_MS });
      equal((await key.begin({ forgivenAttempts: 2 })).kind, 'not-due');
      equal((await key.find()).forgivenAttempts, 2);
    },
  },
  {
    name: 'forgives no more attempts than were counted, and none for another payload',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire({ fingerprint: 'one', forgivenAttempts: 1 })).release('counted');
      const exhausted = { kind: 'retries-exhausted', attempts: 1 };
      deepEqual(await key.begin({ maxAttempts: 1, forgivenAttempts: 2 }), exhausted);
      deepEqual(await key.begin({ fingerprint: 'other', forgivenAttempts: 1 }), {
        kind: 'idempotency-key-reused',
      });
      equal((await key.find()).forgivenAttempts, 0);
    },
  },
  {
    name: 'keeps the largest number of forgiven attempts until the key is forgotten',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire()).release('counted');
      await (await key.acquire()).release('counted');
      await (await key.acquire({ forgivenAttempts: 2 })).release('uncounted');
      await (await key.acquire({ forgivenAttempts: 1 })).release('unfinished');
      equal((await key.find()).forgivenAttempts, 2);
      await key.forget();
      equal((await key.find()).forgivenAttempts, 0);
    },
  },
];
