import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from './canonical-json';
import { judgeError, judgeFailure, judgeUnended } from './failed-work';
import { LeaseLostError, StoreUnavailableError, type Failure } from './failure';
import { RunContext } from './run-context';
import type { IdempotencyEvents } from './idempotency.events';
import type { EngineOptions } from './engine.options';
import { Lease, Renewals } from './lease';
import { startWork } from './limited-work';
import type { LocalMemory } from './local-memory';
import { replayOf, type Outcome } from './outcome';
import type { RunRequest, Serialize, Work } from './run-request';
import { recordOfError, recordOfResult, type WrittenRecord } from './work-record';
import type {
  Claim,
  CompleteReply,
  CompleteRequest,
  IdempotencyRecord,
  IdempotencyStore,
  LeaseOwner,
  ReleaseOptions,
} from '../stores/idempotency-store';
import { fitsRecord, writeRecord } from '../stores/stored-record';

/** Wait between two tries to store a record. They end with the lease, and after the length of one if it is still renewed. */
const COMPLETE_RETRY_MS = 200;

/** A request whose key is claimed. */
interface Claimed {
  readonly request: RunRequest;
  readonly owner: LeaseOwner;
  readonly claim: Claim;
  /** When the claim was asked for, by `performance.now()`. */
  readonly sentAt: number;
  /** See `EngineOptions.origin`. */
  readonly origin: string | undefined;
}

interface ClaimedWork<T> extends Claimed {
  readonly work: Work<T>;
  readonly serialize: Serialize<T> | undefined;
}

/** Does the work that a key was claimed for, and ends its lease: by storing a record, or by releasing the key. */
export class LeasedWork {
  private readonly store: IdempotencyStore;
  private readonly options: EngineOptions;
  private readonly events: IdempotencyEvents;
  private readonly memory: LocalMemory | undefined;
  private readonly renewals: Renewals;

  constructor(parts: {
    store: IdempotencyStore;
    options: EngineOptions;
    events: IdempotencyEvents;
    memory: LocalMemory | undefined;
  }) {
    this.store = parts.store;
    this.options = parts.options;
    this.events = parts.events;
    this.memory = parts.memory;
    this.renewals = new Renewals(parts.store, parts.events);
  }

  async run<T>(claimed: ClaimedWork<T>): Promise<Outcome<T, unknown>> {
    const { request, owner, claim, work } = claimed;
    const { attempt, fencingToken } = claim;
    this.events.emit(request, { kind: 'acquired', attempt, fencingToken });
    const { leaseMs = this.options.leaseMs, maxWorkMs = this.options.maxWorkMs } = request;
    const lease = new Lease(this.renewals, owner, leaseMs, claimed.sentAt);
    const { store, events } = this;
    const context = new RunContext(request, claim, { lease, store, events });
    try {
      let result: T;
      try {
        result = await startWork(work, context, { lease, maxWorkMs });
      } catch (thrown) {
        return await this.endFailed(context.steps?.areDone ? counted(claimed) : claimed, lease, thrown);
      }
      // If the process dies here, there is an effect without a record: the key given to the downstream makes the next run safe.
      return await this.endWith(claimed, lease, result);
    } catch (error) {
      // Nothing to release: another owner has the lease, or the record may be stored.
      if (error instanceof LeaseLostError) return { kind: 'failed', code: 'lease-lost' };
      throw error;
    } finally {
      lease.end();
    }
  }

  /** After work that has returned. Its effect has happened, so the key is never released as if it had not. */
  private endWith<T>(claimed: ClaimedWork<T>, lease: Lease, result: T): Promise<Outcome<T, unknown>> {
    const outcome = { kind: 'executed', result } as const;
    const end = recordOfResult(claimed, result, claimed.serialize);
    switch (end.kind) {
      case 'record':
        return this.complete(claimed, lease, end, outcome);
      case 'fault':
        return this.remember(claimed, lease, end.fault);
      case 'not-final':
        return this.releaseUnfinal(claimed, lease, outcome);
      default:
        return end satisfies never;
    }
  }

  private async releaseUnfinal<T>(
    { owner }: Claimed,
    lease: Lease,
    outcome: Outcome<T, unknown>,
  ): Promise<Outcome<T, unknown>> {
    lease.end();
    await this.release(owner, { counting: 'counted' });
    return outcome;
  }

  /** After work that has thrown. */
  private async endFailed(claimed: Claimed, lease: Lease, thrown: unknown): Promise<Outcome<never, unknown>> {
    const judged = judgeError(claimed.request, thrown);
    if (judged.isRemembered) return this.remember(claimed, lease, thrown);
    lease.end();
    return this.releaseFailed(claimed, lease, judged.error);
  }

  private remember(claimed: Claimed, lease: Lease, error: unknown): Promise<Outcome<never, unknown>> {
    const outcome = { kind: 'remembered-error', error, replayed: false } as const;
    return this.complete(claimed, lease, recordOfError(claimed, error), outcome);
  }

  /** If the lease was lost meanwhile, the next owner decides how the work ends. */
  private async releaseFailed(
    { request, owner, claim }: Claimed,
    lease: Lease,
    thrown: unknown,
  ): Promise<Failure> {
    const { attempt, forgivenAttempts } = claim;
    const failed = { error: thrown, attempt, ...(forgivenAttempts > 0 && { forgivenAttempts }) };
    const { error, ...release } = lease.isStopped
      ? judgeUnended(request, failed, lease.unusedMs)
      : judgeFailure(request, failed);
    const reply = await this.release(owner, release);
    if (error instanceof LeaseLostError || reply === 'lost') return { kind: 'failed', code: 'lease-lost' };
    const { backoffMs } = release;
    const retry = backoffMs !== undefined && { retryInMs: backoffMs };
    return { kind: 'failed', code: 'work-failed', ...failed, error, ...retry };
  }

  private async complete<T>(
    { request, claim: { fencingToken } }: Claimed,
    lease: Lease,
    { record, text }: WrittenRecord,
    outcome: Outcome<T, unknown>,
  ): Promise<Outcome<T, unknown>> {
    const { scope, key, ownerToken } = lease.owner;
    const ttlSeconds = request.ttlSeconds ?? this.options.ttlSeconds;
    const { clockToleranceMs } = this.options;
    const asked = { scope, key, ownerToken, record, recordText: text, ttlSeconds, clockToleranceMs };
    let reply: CompleteReply;
    try {
      reply = await this.store.complete(asked);
    } catch (cause) {
      reply = await this.completeAgain(asked, lease, cause);
    }
    // If the answer to an earlier try was lost, the record that is stored may be ours.
    if (reply.kind === 'stored' || isSame(reply.record, text)) {
      this.events.emit(request, { kind: 'completed', fencingToken, result: record.result });
      this.memory?.remember(request, text);
      return outcome;
    }
    const winner = reply.record;
    this.events.emit(request, {
      kind: 'completion-refused',
      sameResult: winner && !record.error && !winner.error && sameJson(winner, record),
    });
    if (!winner) throw new LeaseLostError();
    if (fitsRecord(winner, request.fingerprint)) return replayOf(winner);
    this.events.emit(request, { kind: 'idempotency-key-reused' });
    return { kind: 'failed', code: 'idempotency-key-reused' };
  }

  /**
   * The effect has happened, so storing its record is tried again as long as the lease is ours. Whatever a store throws here,
   * the record may be stored or not.
   */
  private async completeAgain(
    asked: CompleteRequest,
    lease: Lease,
    firstCause: unknown,
  ): Promise<CompleteReply> {
    // A store that renews leases and takes no records would otherwise be asked for ever.
    const lastTryAt = performance.now() + lease.leaseMs - COMPLETE_RETRY_MS;
    for (let cause = firstCause; ;) {
      const error =
        cause instanceof StoreUnavailableError ? cause : new StoreUnavailableError('complete', cause);
      this.events.emit(asked, { kind: 'store-unavailable', step: 'complete', error });
      if (lease.remainingMs <= COMPLETE_RETRY_MS || performance.now() >= lastTryAt) throw error;
      await sleep(COMPLETE_RETRY_MS);
      try {
        return await this.store.complete(asked);
      } catch (next) {
        cause = next;
      }
    }
  }

  /** Never rejects: a lease that cannot be released ends when its time is over. */
  async release(owner: LeaseOwner, options: ReleaseOptions): Promise<'released' | 'lost' | 'unknown'> {
    try {
      const reply = await this.store.release(owner, options);
      if (reply === 'released') this.events.emit(owner, { kind: 'released' });
      return reply;
    } catch (error) {
      this.events.emit(owner, { kind: 'store-unavailable', step: 'release', error });
      return 'unknown';
    }
  }
}

/** A step that is done is an effect, so no error of this run proves that there was none. */
function counted(claimed: Claimed): Claimed {
  return { ...claimed, request: { ...claimed.request, uncounted: () => false } };
}

/** Compared as JSON stores them: NaN becomes null, for example. */
function sameJson(one: IdempotencyRecord, other: IdempotencyRecord): boolean {
  return canonicalJson(asStored(one.result)) === canonicalJson(asStored(other.result));
}

function asStored(result: unknown): unknown {
  return JSON.parse(JSON.stringify(result));
}

/** Fencing tokens start again at 1 when the store has lost its data, so the whole record is compared. */
function isSame(found: IdempotencyRecord | undefined, ours: string): boolean {
  return found !== undefined && writeRecord(found) === ours;
}
