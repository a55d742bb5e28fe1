import { deepEqual, equal, ok } from 'node:assert/strict';
import { KeyUnderTest, LONG_TTL_SECONDS, SHORT_TTL_SECONDS, beyond } from '../key-under-test';
import type { StoreCase, StoreClock } from '../store-case';

const LONG_TTL_MS = LONG_TTL_SECONDS * 1000;
const SHORT_TTL_MS = SHORT_TTL_SECONDS * 1000;
/** Longer than any case takes, so that no case depends on its speed. */
const MARGIN_MS = 30_000;
/** The longest tolerance that is taken off the greatest accepted age: half of a record's life. */
const TOLERANCE_MS = LONG_TTL_MS / 2;

const ago = (clock: StoreClock, ms: number) => new Date(clock.now() - ms);

export const ageCases: readonly StoreCase[] = [
  {
    name: 'adds the clock tolerance to the age of a request for an unknown key',
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
    name: 'accepts a request that was just made, even if records live for less than the clock tolerance',
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
    name: 'rejects a duplicate within the clock tolerance after its record has expired, if records live for less than that',
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
    name: 'accepts a finished key again once its record has expired, for a request without an age or made after the key was finished',
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
    name: 'rejects a request from further in the future than the clock tolerance, and stores nothing',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const aheadMs = MARGIN_MS + LONG_TTL_MS;
      const reply = await key.begin({ requestedAt: ago(clock, -aheadMs), clockToleranceMs: MARGIN_MS });
      ok(reply.kind === 'from-the-future', `begin replied ${reply.kind}`);
      ok(reply.aheadMs > MARGIN_MS && reply.aheadMs <= aheadMs, `${reply.aheadMs} ms ahead`);
      equal((await key.find()).attempts, 0);
    },
  },
  {
    name: 'accepts a request from the future within the clock tolerance, and answers a later one from its record',
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
    name: 'accepts an old request that was fresh when it began to wait, and reports since when an earlier run may be forgotten',
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
    name: 'reports since when an earlier run may be forgotten to later attempts at the key, too',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const requestedAt = ago(clock, 2 * LONG_TTL_MS);
      await (await key.acquire({ requestedAt, waitingSince: requestedAt })).release('counted');
      const { sinceForgottenMs = 0 } = (await key.acquire({ requestedAt })).claim;
      ok(sinceForgottenMs >= 2 * LONG_TTL_MS, `${sinceForgottenMs} ms`);
    },
  },
  {
    name: 'rejects an old request that was already too old when it began to wait',
    run: async (store, clock) => {
      const requestedAt = ago(clock, 3 * LONG_TTL_MS);
      const waitingSince = ago(clock, LONG_TTL_MS);
      deepEqual(await new KeyUnderTest(store).begin({ requestedAt, waitingSince }), {
        kind: 'outside-deduplication-window',
      });
    },
  },
  {
    name: 'checks the age of a request for a key whose attempts were all uncounted',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      await (await key.acquire()).release('uncounted');
      deepEqual(await key.begin({ requestedAt: ago(clock, 2 * LONG_TTL_MS) }), {
        kind: 'outside-deduplication-window',
      });
    },
  },
  {
    name: 'accepts a waiting duplicate of a finished key whose record has expired, and reports that an earlier run may be forgotten',
    run: async (store, clock) => {
      const key = new KeyUnderTest(store);
      const requestedAt = ago(clock, 0);
      const settings = { ttlSeconds: SHORT_TTL_SECONDS, clockToleranceMs: LONG_TTL_MS, requestedAt };
      await key.finish(settings);
      await clock.advance(beyond(SHORT_TTL_MS));
      const { claim } = await key.acquire({ ...settings, waitingSince: requestedAt });
      ok(claim.sinceForgottenMs !== undefined, 'the claim does not report an earlier run');
    },
  },
];
