import { deepEqual, equal, ok } from 'node:assert/strict';
import {
  beyond,
  foundFinished,
  KeyUnderTest,
  LONG_LEASE_MS,
  LONG_TTL_SECONDS,
  SHORT_LEASE_MS,
} from '../key-under-test';
import type { StoreCase } from '../store-case';

const CONCURRENT = 50;

export const beginCases: readonly StoreCase[] = [
  {
    name: 'finds nothing for a key that was never begun',
    run: async (store) =>
      deepEqual(await new KeyUnderTest(store).find(), {
        record: undefined,
        attempts: 0,
        countedAttempts: 0,
        forgivenAttempts: 0,
        remainingLeaseMs: undefined,
      }),
  },
  {
    name: 'gives an unknown key to the first owner, as the first attempt',
    run: async (store) => {
      const { claim } = await new KeyUnderTest(store).acquire();
      deepEqual(claim, { fencingToken: 1, attempt: 1, forgivenAttempts: 0, sinceFirstAttemptMs: 0 });
    },
  },
  {
    name: 'replies in progress while an owner works, with the remaining time of its lease',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      await key.acquire();
      const reply = await key.begin();
      ok(reply.kind === 'in-progress', `begin replied ${reply.kind}`);
      ok(reply.remainingMs > 0 && reply.remainingMs <= LONG_LEASE_MS, `${reply.remainingMs} ms remain`);
      equal((await key.find()).attempts, 1);
    },
  },
  {
    name: 'gives a key to exactly one of many owners that begin at the same time',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const replies = await Promise.all(Array.from({ length: CONCURRENT }, () => key.begin()));
      equal(replies.filter(({ kind }) => kind === 'acquired').length, 1);
      equal(replies.filter(({ kind }) => kind === 'in-progress').length, CONCURRENT - 1);
    },
  },
  {
    name: 'gives a key that was released, or whose owner died, to exactly one of many owners, and keeps its payload',
    run: async (store, clock) => {
      const released = new KeyUnderTest(store);
      await (await released.acquire({ fingerprint: 'one' })).release('counted');
      const abandoned = new KeyUnderTest(store);
      await abandoned.acquire({ fingerprint: 'one', leaseMs: SHORT_LEASE_MS });
      await clock.advance(beyond(SHORT_LEASE_MS));
      for (const key of [released, abandoned]) {
        const replies = await Promise.all(Array.from({ length: CONCURRENT }, () => key.begin()));
        const claims = replies.flatMap((reply) => (reply.kind === 'acquired' ? [reply.claim.attempt] : []));
        deepEqual(claims, [2]);
        deepEqual(await key.begin({ fingerprint: 'other' }), { kind: 'idempotency-key-reused' });
      }
    },
  },
  {
    name: 'answers from the record once the work is finished, without counting an attempt',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const record = await key.finish();
      deepEqual(await key.begin(), { kind: 'completed', record });
      deepEqual(await key.find(), foundFinished(record));
    },
  },
  {
    name: 'rejects a request for an unknown key that is older than records live, and stores nothing',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const requestedAt = new Date(clock.now() - LONG_TTL_SECONDS * 1000 - 10_000);
      deepEqual(await key.begin({ requestedAt }), { kind: 'outside-deduplication-window' });
      deepEqual(await key.find(), {
        record: undefined,
        attempts: 0,
        countedAttempts: 0,
        forgivenAttempts: 0,
        remainingLeaseMs: undefined,
      });
    },
  },
  {
    name: 'accepts a request that is younger than records live',
    run: async (store, clock) => {
      const requestedAt = new Date(clock.now() - LONG_TTL_SECONDS * 1000 + 60_000);
      equal((await new KeyUnderTest(store).begin({ requestedAt })).kind, 'acquired');
    },
  },
  {
    name: 'accepts a request from the future if no clock tolerance is given',
    run: async (store, clock) => {
      const requestedAt = new Date(clock.now() + 3_600_000);
      equal((await new KeyUnderTest(store).begin({ requestedAt })).kind, 'acquired');
    },
  },
  {
    name: 'ignores the age of a request for a known key: in progress, acquired again, or completed',
    run: async (store) => {
      const key = new KeyUnderTest(store);
      const requestedAt = new Date(0);
      const owner = await key.acquire();
      equal((await key.begin({ requestedAt })).kind, 'in-progress');
      await owner.release();
      const record = await key.finish({ requestedAt });
      deepEqual(await key.begin({ requestedAt }), { kind: 'completed', record });
    },
  },
  {
    name: 'resolves a probe while it accepts writes, without warnings if it keeps its records',
    run: async (store) => deepEqual(await store.probe(), []),
  },
];
