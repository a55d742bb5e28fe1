import { deepEqual, equal, ok } from 'node:assert/strict';
import { KeyUnderTest, LONG_TTL_SECONDS, SHORT_TTL_SECONDS, beyond } from '../key-under-test';
import type { StoreCase, StoreClock } from '../store-case';

const LONG_TTL_MS = LONG_TTL_SECONDS * 1000;
const SHORT_TTL_MS = SHORT_TTL_SECONDS * 1000;
/** More than any case takes, so that none depends on how fast it runs. */
const MARGIN_MS = 30_000;
/** As much as may count: half of a record's life. */
const TOLERANCE_MS = LONG_TTL_MS / 2;

const ago = (clock: StoreClock, ms: number) => new Date(clock.now() - ms);

export const ageCases: readonly StoreCase[] = [
  {
    name: 'counts a request of which nothing is known as older by how far clocks may be off',
    run: async (store, clock) => {
      const clockToleranceMs = TOLERANCE_MS;
      const old = ago(clock, LONG_TTL_MS - TOLERANCE_MS + MARGIN_MS);
      deepEqual(await new KeyUnderTest(store).begin({ requestedAt: old, clockToleranceMs }), {
        kind: 'outside-deduplication-window',
      });
      const young = ago(clock, LONG_TTL_MS - TOLERANCE_MS - MARGIN_MS);
      equal((await new KeyUnderTest(store).begin({ requestedAt: young, clockToleranceMs })).kind, 'acquired');
    },
  },
  {
    name: 'takes what was just made, even where records live for less than clocks may be off',
    run: async (store, clock) => {
      const settings = { ttlSeconds: SHORT_TTL_SECONDS, clockToleranceMs: LONG_TTL_MS };
      equal(
        (await new KeyUnderTest(store).begin({ ...settings, requestedAt: ago(clock, 0) })).kind,
        'acquired',
      );
      const old = ago(clock, SHORT_TTL_MS + MARGIN_MS);
      equal(
        (await new KeyUnderTest(store).begin({ ...settings, requestedAt: old })).kind,
        'outside-deduplication-window',
      );
    },
  },
  {
    name: 'knows that a key was finished for as long as clocks may be off, where the age cannot tell',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const requestedAt = ago(clock, -MARGIN_MS);
      const settings = { ttlSeconds: SHORT_TTL_SECONDS, clockToleranceMs: LONG_TTL_MS, requestedAt };
      await key.finish({ ...settings, fingerprint: 'one' });
      await clock.advance(beyond(SHORT_TTL_MS));
      deepEqual(await key.begin({ ...settings, fingerprint: 'one' }), {
        kind: 'outside-deduplication-window',
      });
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
    name: 'lets a finished key be used anew after its record, by a request without an age or made after it was finished',
    run: async (store, clock) => {
      const settings = { ttlSeconds: SHORT_TTL_SECONDS, clockToleranceMs: MARGIN_MS };
      const key = new KeyUnderTest(store);
      await key.finish({ ...settings, fingerprint: 'one' });
      await clock.advance(beyond(SHORT_TTL_MS));
      const requestedAt = ago(clock, -MARGIN_MS);
      const owner = await key.acquire({ ...settings, requestedAt, fingerprint: 'other' });
      deepEqual([owner.claim.fencingToken, owner.claim.attempt], [2, 1]);
      await owner.release('uncounted');
      equal((await key.begin({ ...settings, fingerprint: 'one' })).kind, 'acquired');
    },
  },
  {
    name: 'declines a request from further in the future than clocks may be off, and leaves no trace of it',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const aheadMs = MARGIN_MS + LONG_TTL_MS;
      const reply = await key.begin({ requestedAt: ago(clock, -aheadMs), clockToleranceMs: MARGIN_MS });
      ok(reply.kind === 'from-the-future', `begin said ${reply.kind}`);
      ok(reply.aheadMs > MARGIN_MS && reply.aheadMs <= aheadMs, `${reply.aheadMs} ms ahead`);
      equal((await key.find()).attempts, 0);
    },
  },
  {
    name: 'takes a request from the future that clocks may be off by, and answers a later one from its record',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const record = await key.finish({
        requestedAt: ago(clock, -MARGIN_MS),
        clockToleranceMs: 2 * MARGIN_MS,
      });
      const later = { requestedAt: ago(clock, -LONG_TTL_MS), clockToleranceMs: MARGIN_MS };
      deepEqual(await key.begin(later), { kind: 'completed', record });
    },
  },
  {
    name: 'takes an old request that was fresh when it began to wait, and says since when an earlier run may be forgotten',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const age = 2 * LONG_TTL_MS;
      const waiting = { requestedAt: ago(clock, age), waitingSince: ago(clock, age - MARGIN_MS) };
      const clockToleranceMs = MARGIN_MS;
      const owner = await key.acquire({ ...waiting, clockToleranceMs });
      const { attempt, sinceFirstAttemptMs, sinceForgottenMs = 0 } = owner.claim;
      deepEqual([attempt, sinceFirstAttemptMs], [1, 0]);
      ok(sinceForgottenMs >= age + clockToleranceMs, `${sinceForgottenMs} ms`);
    },
  },
  {
    name: 'says it again to the attempts that follow, until one is finished',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const requestedAt = ago(clock, 2 * LONG_TTL_MS);
      await (await key.acquire({ requestedAt, waitingSince: requestedAt })).release('counted');
      const { sinceForgottenMs = 0 } = (await key.acquire({ requestedAt })).claim;
      ok(sinceForgottenMs >= 2 * LONG_TTL_MS, `${sinceForgottenMs} ms`);
    },
  },
  {
    name: 'declines an old request that was too old already when it began to wait',
    run: async (store, clock) => {
      const requestedAt = ago(clock, 3 * LONG_TTL_MS);
      const waitingSince = ago(clock, LONG_TTL_MS);
      deepEqual(await new KeyUnderTest(store).begin({ requestedAt, waitingSince }), {
        kind: 'outside-deduplication-window',
      });
    },
  },
  {
    name: 'judges the age of a request for a key whose attempts were all uncounted',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire()).release('uncounted');
      deepEqual(await key.begin({ requestedAt: ago(clock, 2 * LONG_TTL_MS) }), {
        kind: 'outside-deduplication-window',
      });
    },
  },
  {
    name: 'takes a waiting duplicate of a finished key, of which an earlier run may be forgotten',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const requestedAt = ago(clock, 0);
      const settings = { ttlSeconds: SHORT_TTL_SECONDS, clockToleranceMs: LONG_TTL_MS, requestedAt };
      await key.finish(settings);
      await clock.advance(beyond(SHORT_TTL_MS));
      const { claim } = await key.acquire({ ...settings, waitingSince: requestedAt });
      ok(claim.sinceForgottenMs !== undefined, 'nothing is said of an earlier run');
    },
  },
];
