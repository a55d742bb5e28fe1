import { deepEqual, equal } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type {
  Claim,
  BeginReply,
  BeginRequest,
  CompleteReply,
  Finding,
  IdempotencyRecord,
  IdempotencyStore,
  LeaseOwner,
  LoadStepsReply,
  ReleaseOptions,
  ScopedKey,
} from '../stores/idempotency-store';

/** Too long to run out during a case. */
export const LONG_LEASE_MS = 60_000;
export const LONG_TTL_SECONDS = 600;
/** So short that a case can wait for the end. */
export const SHORT_LEASE_MS = 40;
export const SHORT_TTL_SECONDS = 1;

/** The time after which something with this life has expired: as in Redis, it still exists in its last millisecond. */
export const beyond = (lifeMs: number): number => lifeMs + 1;

/** What `find` returns for an unknown key. */
export const NOTHING_FOUND: Finding = {
  record: undefined,
  attempts: 0,
  countedAttempts: 0,
  forgivenAttempts: 0,
  remainingLeaseMs: undefined,
};

/** What `find` returns for a key that its first attempt finished. */
export const foundFinished = (record: IdempotencyRecord): Finding => ({
  ...NOTHING_FOUND,
  record,
  attempts: 1,
  countedAttempts: 1,
});

type BeginSettings = Partial<Omit<BeginRequest, keyof LeaseOwner>>;

/** A scope that no other case, run or client of the same server uses. */
export const freshScope = (): string => `contract-${randomUUID()}`;

/** One idempotency key, with a default for everything that a case does not care about. */
export class KeyUnderTest {
  constructor(
    private readonly store: IdempotencyStore,
    private readonly name: ScopedKey = { scope: freshScope(), key: 'key' },
  ) {}

  /** Begins as a new owner. */
  begin(settings: BeginSettings = {}): Promise<BeginReply> {
    return this.store.begin(this.request(randomUUID(), settings));
  }

  /** Begins as a new owner, and expects the lease. */
  async acquire(settings: BeginSettings = {}): Promise<OwnerUnderTest> {
    const request = this.request(randomUUID(), settings);
    const reply = await this.store.begin(request);
    if (reply.kind !== 'acquired') throw expectedAcquired(reply);
    return new OwnerUnderTest(this.store, request, reply.claim);
  }

  /** Acquires and saves steps. */
  async acquireWithSteps(steps: string, settings: BeginSettings = {}): Promise<OwnerUnderTest> {
    const owner = await this.acquire(settings);
    equal(await owner.saveSteps(steps), 'saved');
    return owner;
  }

  /** Acquires and completes. */
  async finish(
    settings: BeginSettings = {},
    record: Partial<IdempotencyRecord> = {},
  ): Promise<IdempotencyRecord> {
    const owner = await this.acquire(settings);
    const finished = aRecord({
      ...(settings.fingerprint !== undefined && { fingerprint: settings.fingerprint }),
      fencingToken: owner.claim.fencingToken,
      ...record,
    });
    const { ttlSeconds, clockToleranceMs } = settings;
    deepEqual(await owner.complete(finished, ttlSeconds, clockToleranceMs), { kind: 'stored' });
    return finished;
  }

  find(): Promise<Finding> {
    return this.store.find(this.name);
  }

  replaceRecord(from: IdempotencyRecord, to: IdempotencyRecord): Promise<'replaced' | 'changed'> {
    return this.store.replaceRecord(this.name, from, to);
  }

  forget(): Promise<void> {
    return this.store.forget(this.name);
  }

  /** A process that never acquired the key. */
  notOwner(): OwnerUnderTest {
    const nothing = { fencingToken: 0, attempt: 0, forgivenAttempts: 0, sinceFirstAttemptMs: 0 };
    return new OwnerUnderTest(this.store, { ...this.name, ownerToken: randomUUID() }, nothing);
  }

  private request(ownerToken: string, settings: BeginSettings): BeginRequest {
    return {
      ...this.name,
      ownerToken,
      leaseMs: LONG_LEASE_MS,
      ttlSeconds: LONG_TTL_SECONDS,
      fingerprint: undefined,
      requestedAt: undefined,
      ...settings,
    };
  }
}

/** An owner of a key, or a process that wrongly acts as its owner. */
export class OwnerUnderTest {
  private readonly owner: LeaseOwner;

  constructor(
    private readonly store: IdempotencyStore,
    { scope, key, ownerToken }: LeaseOwner,
    readonly claim: Claim,
  ) {
    this.owner = { scope, key, ownerToken };
  }

  complete(
    record: IdempotencyRecord = aRecord(),
    ttlSeconds = LONG_TTL_SECONDS,
    clockToleranceMs?: number,
  ): Promise<CompleteReply> {
    return this.store.complete({ ...this.owner, record, ttlSeconds, clockToleranceMs });
  }

  extend(leaseMs = LONG_LEASE_MS): Promise<'extended' | 'lost'> {
    return this.store.extend(this.owner, leaseMs);
  }

  loadSteps(): Promise<LoadStepsReply> {
    return this.store.loadSteps(this.owner);
  }

  saveSteps(steps: string): Promise<'saved' | 'lost'> {
    return this.store.saveSteps(this.owner, steps);
  }

  release(
    counting: ReleaseOptions['counting'] = 'counted',
    options: Omit<ReleaseOptions, 'counting'> = {},
  ): Promise<'released' | 'lost'> {
    return this.store.release(this.owner, { counting, ...options });
  }
}

export function aRecord(fields: Partial<IdempotencyRecord> = {}): IdempotencyRecord {
  return { processedAt: '2026-01-02T03:04:05.678Z', result: { done: true }, fencingToken: 1, ...fields };
}

function expectedAcquired(reply: BeginReply): Error {
  return new Error(`expected begin to acquire the key, but it replied ${JSON.stringify(reply)}`);
}
