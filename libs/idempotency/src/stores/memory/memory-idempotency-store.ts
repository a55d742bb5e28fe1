import { deduplicationWindow } from '../deduplication-window';
import type {
  BeginReply,
  BeginRequest,
  CompleteReply,
  CompleteRequest,
  Finding,
  IdempotencyRecord,
  IdempotencyStore,
  LeaseOwner,
  LoadStepsReply,
  ReleaseOptions,
  ScopedKey,
  StoreWarning,
} from '../idempotency-store';
import { fitsRecord, readRecord, writeRecord } from '../stored-record';
import { ExpiringMap } from './expiring-map';
import { beginning, findingOf, remainingLeaseOf, uncounting, type StoredClaim } from '../stored-claim';

/** Settings of {@link MemoryIdempotencyStore}. */
export interface MemoryIdempotencyStoreOptions {
  /** The clock, in epoch milliseconds. Default `Date.now`; with a manual clock, tests end leases and records without waiting. */
  readonly now?: () => number;
}

/**
 * Records and claims in the memory of one process, for the unit tests of your handlers. It replies like the Redis
 * store, but its data ends with the process and no other process shares it, so it is not for production.
 *
 * @example
 * IdempotencyModule.forRoot({ store: new MemoryIdempotencyStore(), ttlSeconds: 60, leaseMs: 1_000 })
 */
export class MemoryIdempotencyStore implements IdempotencyStore {
  private readonly now: () => number;
  private readonly records: ExpiringMap<string>;
  private readonly claims: ExpiringMap<StoredClaim>;

  constructor(options: MemoryIdempotencyStoreOptions = {}) {
    this.now = options.now ?? Date.now;
    this.records = new ExpiringMap(this.now);
    this.claims = new ExpiringMap(this.now);
  }

  // Each method runs without an await, which makes it one atomic step.

  async begin(request: BeginRequest): Promise<BeginReply> {
    const name = nameOf(request);
    const record = this.recordOf(name);
    if (record)
      return fitsRecord(record, request.fingerprint)
        ? { kind: 'completed', record }
        : { kind: 'idempotency-key-reused' };

    const begun = beginning(this.claims.get(name), request, this.now());
    if (begun.kind === 'rejected') {
      if (begun.stored) this.update(name, begun.stored);
      return begun.reply;
    }
    const { rememberedMs } = deduplicationWindow(request.ttlSeconds, request.clockToleranceMs);
    this.claims.set(name, begun.stored, Math.max(rememberedMs, request.leaseMs));
    return { kind: 'acquired', claim: begun.claim };
  }

  async complete(request: CompleteRequest): Promise<CompleteReply> {
    const name = nameOf(request);
    const claim = this.heldBy(request);
    if (!claim) return { kind: 'lost', record: this.recordOf(name) };
    const lifeMs = request.ttlSeconds * 1000;
    this.records.set(name, request.recordText ?? writeRecord(request.record), lifeMs);
    const { rememberedMs } = deduplicationWindow(request.ttlSeconds, request.clockToleranceMs);
    if (rememberedMs > lifeMs)
      this.claims.set(
        name,
        { ...claim, steps: undefined, state: { kind: 'finished', at: this.now() } },
        rememberedMs,
      );
    else this.claims.delete(name);
    return { kind: 'stored' };
  }

  async extend(owner: LeaseOwner, leaseMs: number): Promise<'extended' | 'lost'> {
    const claim = this.heldBy(owner);
    if (!claim) return 'lost';
    const name = nameOf(owner);
    const state = { kind: 'leased', owner: owner.ownerToken, until: this.now() + leaseMs } as const;
    this.claims.set(name, { ...claim, state }, Math.max(this.claims.remainingMs(name) ?? 0, leaseMs));
    return 'extended';
  }

  async loadSteps(owner: LeaseOwner): Promise<LoadStepsReply> {
    const claim = this.heldBy(owner);
    return claim ? { kind: 'loaded', steps: claim.steps } : { kind: 'lost' };
  }

  async saveSteps(owner: LeaseOwner, steps: string): Promise<'saved' | 'lost'> {
    const claim = this.heldBy(owner);
    if (!claim) return 'lost';
    this.update(nameOf(owner), { ...claim, steps });
    return 'saved';
  }

  async replaceRecord(
    key: ScopedKey,
    from: IdempotencyRecord,
    to: IdempotencyRecord,
  ): Promise<'replaced' | 'changed'> {
    const name = nameOf(key);
    const lifeMs = this.records.remainingMs(name);
    if (lifeMs === undefined || this.records.get(name) !== writeRecord(from)) return 'changed';
    this.records.set(name, writeRecord(to), lifeMs);
    return 'replaced';
  }

  async release(owner: LeaseOwner, { counting, backoffMs }: ReleaseOptions): Promise<'released' | 'lost'> {
    const claim = this.heldBy(owner);
    if (!claim) return 'lost';
    const left = counting === 'uncounted' ? uncounting(claim) : claim;
    const dueAt = backoffMs === undefined ? undefined : this.now() + backoffMs;
    const state: StoredClaim['state'] =
      counting === 'unfinished'
        ? { kind: 'leased', owner: owner.ownerToken, until: -Infinity }
        : { kind: 'released', dueAt };
    this.update(nameOf(owner), { ...left, state }, backoffMs);
    return 'released';
  }

  async find(key: ScopedKey): Promise<Finding> {
    const name = nameOf(key);
    return findingOf(this.recordOf(name), this.claims.get(name), this.now());
  }

  async forget(key: ScopedKey): Promise<void> {
    const name = nameOf(key);
    this.records.delete(name);
    const claim = this.claims.get(name);
    if (claim && remainingLeaseOf(claim, this.now()) === undefined) this.claims.delete(name);
  }

  /** Memory always accepts writes, and evicts nothing. */
  async probe(): Promise<readonly StoreWarning[]> {
    return [];
  }

  private heldBy(owner: LeaseOwner): StoredClaim | undefined {
    const claim = this.claims.get(nameOf(owner));
    if (claim?.state.kind !== 'leased' || claim.state.owner !== owner.ownerToken) return undefined;
    return remainingLeaseOf(claim, this.now()) === undefined ? undefined : claim;
  }

  /** Changes a claim, which lives as long as before, and `longerMs` longer. */
  private update(name: string, claim: StoredClaim, longerMs = 0): void {
    const lifeMs = this.claims.remainingMs(name);
    if (lifeMs !== undefined) this.claims.set(name, claim, lifeMs + longerMs);
  }

  private recordOf(name: string) {
    const stored = this.records.get(name);
    return stored === undefined ? undefined : readRecord(stored);
  }
}

function nameOf({ scope, key }: ScopedKey): string {
  return JSON.stringify([scope, key]);
}
