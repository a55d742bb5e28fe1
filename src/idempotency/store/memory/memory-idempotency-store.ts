import type {
  BeginReply,
  BeginRequest,
  CompleteReply,
  CompleteRequest,
  Finding,
  IdempotencyStore,
  LeaseOwner,
  ScopedKey,
} from '../idempotency-store';
import { fitsRecord, readRecord, writeRecord } from '../stored-record';
import { ExpiringMap } from './expiring-map';

interface Attempts {
  readonly count: number;
  readonly excused: number;
  readonly firstAt?: number;
  readonly fingerprint?: string;
}

export interface MemoryIdempotencyStoreOptions {
  /** Epoch milliseconds. Default `Date.now`; a test's own clock lets leases and records end without waiting. */
  readonly now?: () => number;
}

/**
 * Records, leases and attempts in the memory of one process, for the unit tests of your handlers: the same answers as
 * Redis gives, without Redis. It forgets everything with the process and protects nothing in another one, so it is not
 * for production.
 *
 * @example
 * IdempotencyModule.forRoot({ store: new MemoryIdempotencyStore(), ttlSeconds: 60, leaseMs: 1_000 })
 */
export class MemoryIdempotencyStore implements IdempotencyStore {
  private readonly now: () => number;
  private readonly records: ExpiringMap<string>;
  /** The owner's token, for as long as its lease lasts. */
  private readonly locks: ExpiringMap<string>;
  private readonly attempts: ExpiringMap<Attempts>;

  constructor(options: MemoryIdempotencyStoreOptions = {}) {
    this.now = options.now ?? Date.now;
    this.records = new ExpiringMap(this.now);
    this.locks = new ExpiringMap(this.now);
    this.attempts = new ExpiringMap(this.now);
  }

  // Each method runs to its end without an await, which makes it one atomic step.

  async begin(request: BeginRequest): Promise<BeginReply> {
    const name = nameOf(request);
    const record = this.recordOf(name);
    if (record)
      return fitsRecord(record, request.fingerprint) ? { kind: 'completed', record } : { kind: 'mismatch' };

    const known = this.attempts.get(name);
    if (isBoundToAnother(known, request.fingerprint)) return { kind: 'mismatch' };
    if (!known && isOlderThanRecords(request, this.now())) return { kind: 'outside-window' };

    const remainingMs = this.locks.remainingMs(name);
    if (remainingMs !== undefined) return { kind: 'busy', remainingMs };
    return this.acquire(request, known);
  }

  async complete(request: CompleteRequest): Promise<CompleteReply> {
    const name = nameOf(request);
    if (!this.isOwner(request)) return { kind: 'lost', record: this.recordOf(name) };
    const lifeMs = request.ttlSeconds * 1000;
    this.records.set(name, writeRecord(request.record), lifeMs);
    this.locks.delete(name);
    const attempts = this.attempts.get(name);
    if (attempts) this.attempts.set(name, attempts, lifeMs);
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

  async release(owner: LeaseOwner, counting: 'counted' | 'excused'): Promise<'released' | 'lost'> {
    if (!this.isOwner(owner)) return 'lost';
    const name = nameOf(owner);
    this.locks.delete(name);
    const attempts = this.attempts.get(name);
    const lifeMs = this.attempts.remainingMs(name);
    if (counting === 'excused' && attempts && lifeMs !== undefined) {
      this.attempts.set(name, excusing(attempts), lifeMs);
    }
    return 'released';
  }

  async find(key: ScopedKey): Promise<Finding> {
    const name = nameOf(key);
    const { count, excused } = this.attempts.get(name) ?? { count: 0, excused: 0 };
    return {
      record: this.recordOf(name),
      attempts: count,
      countedAttempts: count - excused,
      remainingLeaseMs: this.locks.remainingMs(name),
    };
  }

  async forget(key: ScopedKey): Promise<void> {
    const name = nameOf(key);
    this.records.delete(name);
    if (this.locks.get(name) === undefined) this.attempts.delete(name);
  }

  async probe(): Promise<void> {
    // Memory always takes writes.
  }

  private acquire(request: BeginRequest, known: Attempts | undefined): BeginReply {
    const name = nameOf(request);
    const { count, excused, firstAt, fingerprint } = known ?? { count: 0, excused: 0 };
    const acquired = {
      count: count + 1,
      excused,
      firstAt: firstAt ?? this.now(),
      fingerprint: request.fingerprint ?? fingerprint,
    };
    this.locks.set(name, request.ownerToken, request.leaseMs);
    this.attempts.set(name, acquired, Math.max(request.ttlSeconds * 1000, request.leaseMs));
    return {
      kind: 'acquired',
      acquisition: {
        fencingToken: acquired.count,
        attempt: acquired.count - excused,
        sinceFirstAttemptMs: Math.max(0, this.now() - acquired.firstAt),
      },
    };
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

function isBoundToAnother(known: Attempts | undefined, fingerprint: string | undefined): boolean {
  return fingerprint !== undefined && known?.fingerprint !== undefined && known.fingerprint !== fingerprint;
}

function isOlderThanRecords({ requestedAt, ttlSeconds }: BeginRequest, now: number): boolean {
  return requestedAt !== undefined && now - requestedAt.getTime() > ttlSeconds * 1000;
}

/** If all acquisitions were excused, the key is free for any payload again. */
function excusing({ excused, ...attempts }: Attempts): Attempts {
  const { count } = attempts;
  return excused + 1 === count ? { count, excused: count } : { ...attempts, excused: excused + 1 };
}
