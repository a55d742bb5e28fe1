import { deduplicationWindow } from '../deduplication-window';
import type {
  BeginReply,
  BeginRequest,
  CompleteReply,
  CompleteRequest,
  Finding,
  IdempotencyStore,
  LeaseOwner,
  ReleaseOptions,
  ScopedKey,
  StoreWarning,
} from '../idempotency-store';
import { fitsRecord, readRecord, writeRecord } from '../stored-record';
import { beginning, uncounting, finished, forgetting, NOTHING, type Attempts } from './attempts';
import { ExpiringMap } from './expiring-map';

/** Settings of {@link MemoryIdempotencyStore}. */
export interface MemoryIdempotencyStoreOptions {
  /** The clock, in epoch milliseconds. Default `Date.now`; with a manual clock, tests end leases and records without waiting. */
  readonly now?: () => number;
}

/**
 * Records, leases and attempts in the memory of one process, for the unit tests of your handlers. It replies like the Redis
 * store, but its data ends with the process and no other process shares it, so it is not for production.
 *
 * @example
 * IdempotencyModule.forRoot({ store: new MemoryIdempotencyStore(), ttlSeconds: 60, leaseMs: 1_000 })
 */
export class MemoryIdempotencyStore implements IdempotencyStore {
  private readonly now: () => number;
  private readonly records: ExpiringMap<string>;
  /** The owner's token, as long as its lease lasts. */
  private readonly locks: ExpiringMap<string>;
  private readonly attempts: ExpiringMap<Attempts>;

  constructor(options: MemoryIdempotencyStoreOptions = {}) {
    this.now = options.now ?? Date.now;
    this.records = new ExpiringMap(this.now);
    this.locks = new ExpiringMap(this.now);
    this.attempts = new ExpiringMap(this.now);
  }

  // Each method runs without an await, which makes it one atomic step.

  async begin(request: BeginRequest): Promise<BeginReply> {
    const name = nameOf(request);
    const record = this.recordOf(name);
    if (record)
      return fitsRecord(record, request.fingerprint)
        ? { kind: 'completed', record }
        : { kind: 'idempotency-key-reused' };

    const begun = beginning(this.attempts.get(name), request, {
      now: this.now(),
      remainingLeaseMs: this.locks.remainingMs(name),
    });
    if (begun.kind === 'rejected') {
      const lifeMs = this.attempts.remainingMs(name);
      if (begun.attempts && lifeMs !== undefined) this.attempts.set(name, begun.attempts, lifeMs);
      return begun.reply;
    }
    const { rememberedMs } = deduplicationWindow(request.ttlSeconds, request.clockToleranceMs);
    this.locks.set(name, request.ownerToken, request.leaseMs);
    this.attempts.set(name, begun.attempts, Math.max(rememberedMs, request.leaseMs));
    return { kind: 'acquired', claim: begun.claim };
  }

  async complete(request: CompleteRequest): Promise<CompleteReply> {
    const name = nameOf(request);
    if (!this.isOwner(request)) return { kind: 'lost', record: this.recordOf(name) };
    this.records.set(name, writeRecord(request.record), request.ttlSeconds * 1000);
    this.locks.delete(name);
    const attempts = this.attempts.get(name);
    const { rememberedMs } = deduplicationWindow(request.ttlSeconds, request.clockToleranceMs);
    if (attempts) this.attempts.set(name, finished(attempts, this.now()), rememberedMs);
    return { kind: 'stored' };
  }

  async extend(owner: LeaseOwner, leaseMs: number): Promise<'extended' | 'lost'> {
    if (!this.isOwner(owner)) return 'lost';
    const name = nameOf(owner);
    this.locks.set(name, owner.ownerToken, leaseMs);
    const attempts = this.attempts.get(name);
    const lifeMs = this.attempts.remainingMs(name);
    if (attempts && lifeMs !== undefined) this.attempts.set(name, attempts, Math.max(lifeMs, leaseMs));
    return 'extended';
  }

  async release(owner: LeaseOwner, { counting, backoffMs }: ReleaseOptions): Promise<'released' | 'lost'> {
    if (!this.isOwner(owner)) return 'lost';
    const name = nameOf(owner);
    this.locks.delete(name);
    const attempts = this.attempts.get(name);
    const lifeMs = this.attempts.remainingMs(name);
    if (attempts && lifeMs !== undefined) {
      const left = counting === 'uncounted' ? uncounting(attempts) : attempts;
      const dueAt = backoffMs === undefined ? undefined : this.now() + backoffMs;
      const state: Attempts['state'] =
        counting === 'unfinished' ? { kind: 'begun' } : { kind: 'released', dueAt };
      this.attempts.set(name, { ...left, state }, lifeMs + (backoffMs ?? 0));
    }
    return 'released';
  }

  async find(key: ScopedKey): Promise<Finding> {
    const name = nameOf(key);
    const record = this.recordOf(name);
    const attempts = this.attempts.get(name);
    const { count, uncounted, forgiven } = (record ? attempts : forgetting(attempts)) ?? NOTHING;
    return {
      record,
      attempts: count,
      countedAttempts: count - uncounted,
      forgivenAttempts: forgiven,
      remainingLeaseMs: this.locks.remainingMs(name),
    };
  }

  async forget(key: ScopedKey): Promise<void> {
    const name = nameOf(key);
    this.records.delete(name);
    if (this.locks.get(name) === undefined) this.attempts.delete(name);
  }

  /** Memory always accepts writes, and evicts nothing. */
  async probe(): Promise<readonly StoreWarning[]> {
    return [];
  }

  private isOwner(owner: LeaseOwner): boolean {
    return this.locks.get(nameOf(owner)) === owner.ownerToken;
  }

  private recordOf(name: string) {
    const stored = this.records.get(name);
    return stored === undefined ? undefined : readRecord(stored);
  }
}

function nameOf({ scope, key }: ScopedKey): string {
  return JSON.stringify([scope, key]);
}
