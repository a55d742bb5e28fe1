import { setTimeout as sleep } from 'node:timers/promises';
import type { Claim, Work } from './claim';
import { fingerprintOf } from './fingerprint';
import { contextOf } from './idempotency.context';
import { LeaseLostError, StoreUnavailableError } from './idempotency.errors';
import type { IdempotencyEvents } from './idempotency.events';
import type { IdempotencyModuleOptions } from './idempotency.options';
import { Lease } from './lease';
import type { Answered, Outcome } from './outcome';
import type {
  Acquisition,
  CompleteReply,
  IdempotencyRecord,
  IdempotencyStore,
  LeaseOwner,
  ScopedKey,
} from './store/idempotency-store';

/** Between two tries to store a record; the lease bounds them. */
const COMPLETE_RETRY_MS = 200;

/** Does the work that a lease was taken for, and ends the lease: with a record, or by giving it back. */
export class LeasedWork {
  constructor(
    private readonly store: IdempotencyStore,
    private readonly options: IdempotencyModuleOptions,
    private readonly events: IdempotencyEvents,
  ) {}

  async run<T>(begun: {
    claim: Claim;
    owner: LeaseOwner;
    acquisition: Acquisition;
    sentAt: number;
    work: Work<T>;
  }): Promise<Outcome<T>> {
    const { claim, owner, acquisition, work } = begun;
    const { attempt, fencingToken } = acquisition;
    this.events.emit(claim, { kind: 'acquired', attempt, fencingToken });
    const lease = new Lease(this.store, owner, this.options.leaseMs, this.leaseObserver(claim), begun.sentAt);
    try {
      const result = await work(contextOf(claim, acquisition, lease));
      // If the process dies here, the effect is there without a record: the next owner's downstream key absorbs it.
      return await this.complete({ claim, lease, fencingToken, result });
    } catch (error) {
      lease.end();
      // The effect may be there without a record, and the store cannot be told anything now.
      if (error instanceof StoreUnavailableError) throw error;
      await this.release(owner, claim.excuse?.(error) ? 'excused' : 'counted');
      return error instanceof LeaseLostError ? { kind: 'lease-lost' } : { kind: 'failed', error, attempt };
    } finally {
      lease.end();
    }
  }

  private async complete<T>(done: {
    claim: Claim;
    lease: Lease;
    fencingToken: number;
    result: T;
  }): Promise<Answered<T>> {
    const { claim, lease, fencingToken, result } = done;
    const reply = await this.storeRecord(claim, lease, {
      processedAt: new Date().toISOString(),
      result: result ?? null,
      ...(claim.fingerprint !== undefined && { fingerprint: claim.fingerprint }),
      fencingToken,
    });
    // An earlier try may have been carried out though its answer was lost: then the record there is ours.
    if (reply.kind === 'stored' || reply.record?.fencingToken === fencingToken) {
      this.events.emit(claim, { kind: 'completed', fencingToken });
      return { kind: 'executed', result };
    }
    const winner = reply.record;
    this.events.emit(claim, {
      kind: 'completion-refused',
      sameResult: winner && sameJson(winner.result, result),
    });
    if (!winner) throw new LeaseLostError();
    return { kind: 'replayed', result: winner.result as T };
  }

  /** The effect has happened, so its record is worth some patience: as long as the lease is ours. */
  private async storeRecord(claim: Claim, lease: Lease, record: IdempotencyRecord): Promise<CompleteReply> {
    for (;;) {
      try {
        return await this.store.complete({ ...lease.owner, record, ttlSeconds: this.options.ttlSeconds });
      } catch (error) {
        this.events.emit(claim, { kind: 'store-unavailable', step: 'complete', error });
        if (lease.remainingMs <= COMPLETE_RETRY_MS) throw error;
        await sleep(COMPLETE_RETRY_MS);
      }
    }
  }

  /** Never rejects: a lease that cannot be given back runs out by itself. */
  async release(owner: LeaseOwner, counting: 'counted' | 'excused'): Promise<void> {
    try {
      const reply = await this.store.release(owner, counting);
      if (reply === 'released') this.events.emit(owner, { kind: 'released' });
    } catch (error) {
      this.events.emit(owner, { kind: 'store-unavailable', step: 'release', error });
    }
  }

  private leaseObserver(name: ScopedKey) {
    return {
      renewed: () => this.events.emit(name, { kind: 'lease-renewed' }),
      lost: () => this.events.emit(name, { kind: 'lease-lost' }),
    };
  }
}

function sameJson(one: unknown, other: unknown): boolean {
  return fingerprintOf(one ?? null) === fingerprintOf(other ?? null);
}
