import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from './canonical-json';
import { LeaseLostError, StoreUnavailableError, type Failure, type FailedWork } from './failure';
import { RunContext } from './run-context';
import type { IdempotencyEvents } from './idempotency.events';
import type { EngineOptions } from './engine.options';
import { Lease } from './lease';
import type { LocalMemory } from './local-memory';
import { replayOf, type Outcome } from './outcome';
import type { RunRequest, Work } from './run-request';
import type {
  Claim,
  CompleteReply,
  CompleteRequest,
  IdempotencyRecord,
  IdempotencyStore,
  LeaseOwner,
  ReleaseOptions,
} from '../stores/idempotency-store';
import { fitsRecord, storedErrorFrom, writeRecord } from '../stores/stored-record';

/** Wait between two tries to store a record. They end with the lease. */
const COMPLETE_RETRY_MS = 200;

/** Work whose key is claimed. */
interface ClaimedWork<T> {
  readonly request: RunRequest;
  readonly owner: LeaseOwner;
  readonly claim: Claim;
  /** When the claim was asked for, by `performance.now()`. */
  readonly sentAt: number;
  readonly work: Work<T>;
}

/** Does the work that a key was claimed for, and ends its lease: by storing a record, or by releasing the key. */
export class LeasedWork {
  private readonly store: IdempotencyStore;
  private readonly options: EngineOptions;
  private readonly events: IdempotencyEvents;
  private readonly memory: LocalMemory | undefined;

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
  }

  async run<T>(claimed: ClaimedWork<T>): Promise<Outcome<T>> {
    const { request, owner, claim, work } = claimed;
    const { attempt, fencingToken } = claim;
    this.events.emit(request, { kind: 'acquired', attempt, fencingToken });
    const leaseMs = request.leaseMs ?? this.options.leaseMs;
    const lease = new Lease(this.store, owner, leaseMs, this.events, claimed.sentAt);
    try {
      const end = await runWork(work, new RunContext(request, claim, lease));
      // If the process dies here, there is an effect without a record: the key given to the downstream makes the next run safe.
      if (end.status === 'rejected') {
        const error: unknown = end.reason;
        if (isRemembered(error, request)) return await this.completeFailed(claimed, lease, error);
        lease.end();
        return await this.releaseFailed(claimed, error);
      }
      if (request.rememberResult?.(end.value) ?? true)
        return await this.completeWith(claimed, lease, end.value);
      lease.end();
      await this.release(owner, { counting: 'counted' });
      return { kind: 'executed', result: end.value };
    } catch (error) {
      // Nothing to release: another owner has the lease, or the store does not answer.
      if (error instanceof LeaseLostError) return { kind: 'failed', code: 'lease-lost' };
      if (error instanceof StoreUnavailableError) throw error;
      lease.end();
      return await this.releaseFailed(claimed, error);
    } finally {
      lease.end();
    }
  }

  /** After work that threw. If the lease was lost meanwhile, the next owner decides how the work ends. */
  private async releaseFailed(
    { request, owner, claim }: Omit<ClaimedWork<unknown>, 'work'>,
    thrown: unknown,
  ): Promise<Failure> {
    const { attempt, forgivenAttempts } = claim;
    const failed = { error: thrown, attempt, ...(forgivenAttempts > 0 && { forgivenAttempts }) };
    const { error, ...release } = judgeFailure(request, failed);
    const reply = await this.release(owner, release);
    if (error instanceof LeaseLostError || reply === 'lost') return { kind: 'failed', code: 'lease-lost' };
    const { backoffMs } = release;
    const retry = backoffMs !== undefined && { retryInMs: backoffMs };
    return { kind: 'failed', code: 'work-failed', ...failed, error, ...retry };
  }

  private completeWith<T>(claimed: ClaimedWork<T>, lease: Lease, result: T): Promise<Outcome<T>> {
    return this.complete(claimed, lease, {
      record: { result: result ?? null },
      outcome: { kind: 'executed', result },
    });
  }

  private completeFailed<T>(claimed: ClaimedWork<T>, lease: Lease, error: unknown): Promise<Outcome<T>> {
    const record = { result: null, error: storedErrorFrom(error) };
    return this.complete(claimed, lease, {
      record,
      outcome: { kind: 'remembered-error', error, replayed: false },
    });
  }

  private async complete<T>(
    { request, claim: { fencingToken } }: ClaimedWork<T>,
    lease: Lease,
    end: { record: Pick<IdempotencyRecord, 'result' | 'error'>; outcome: Outcome<T> },
  ): Promise<Outcome<T>> {
    const { fingerprint } = request;
    const origin = this.options.origin?.();
    const processedAt = new Date().toISOString();
    const record: IdempotencyRecord = { processedAt, ...end.record, fingerprint, origin, fencingToken };
    const reply = await this.storeRecord(request, lease, record);
    // If the answer to an earlier try was lost, the record that is stored may be ours.
    if (reply.kind === 'stored' || isSame(reply.record, record)) {
      this.events.emit(request, { kind: 'completed', fencingToken, result: record.result });
      this.memory?.remember(`${request.scope}:${request.key}`, record);
      return end.outcome;
    }
    const winner = reply.record;
    this.events.emit(request, {
      kind: 'completion-refused',
      sameResult: winner && !record.error && !winner.error && sameJson(winner.result, record.result),
    });
    if (!winner) throw new LeaseLostError();
    if (fitsRecord(winner, request.fingerprint)) return replayOf<T>(winner);
    this.events.emit(request, { kind: 'idempotency-key-reused' });
    return { kind: 'failed', code: 'idempotency-key-reused' };
  }

  /** The effect has happened, so storing its record is tried again as long as the lease is ours. */
  private async storeRecord(
    request: RunRequest,
    lease: Lease,
    record: IdempotencyRecord,
  ): Promise<CompleteReply> {
    const { scope, key, ownerToken } = lease.owner;
    const ttlSeconds = request.ttlSeconds ?? this.options.ttlSeconds;
    const { clockToleranceMs } = this.options;
    const asked: CompleteRequest = { scope, key, ownerToken, record, ttlSeconds, clockToleranceMs };
    for (;;) {
      try {
        return await this.store.complete(asked);
      } catch (error) {
        // A result that is not JSON cannot be stored, however often it is tried.
        if (!(error instanceof StoreUnavailableError)) throw error;
        this.events.emit(request, { kind: 'store-unavailable', step: 'complete', error });
        if (lease.remainingMs <= COMPLETE_RETRY_MS) throw error;
        await sleep(COMPLETE_RETRY_MS);
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

function sameJson(one: unknown, other: unknown): boolean {
  return canonicalJson(asStored(one)) === canonicalJson(asStored(other));
}

/** The result as JSON stores it: NaN becomes null, for example. */
function asStored(result: unknown): unknown {
  return JSON.parse(JSON.stringify(result ?? null));
}

/** Fencing tokens start again at 1 when the store has lost its data, so the whole record is compared. */
function isSame(found: IdempotencyRecord | undefined, ours: IdempotencyRecord): boolean {
  return found !== undefined && writeRecord(found) === writeRecord(ours);
}

/** A lost lease is never the final answer, even if `rememberError` says so. */
function isRemembered(error: unknown, { rememberError }: RunRequest): boolean {
  return !(error instanceof LeaseLostError) && (rememberError?.(error) ?? false);
}

async function runWork<T>(work: Work<T>, context: RunContext): Promise<PromiseSettledResult<T>> {
  try {
    // The store may have answered late, or the process may have been frozen before it read the answer.
    context.assertHeld();
    return { status: 'fulfilled', value: await work(context) };
  } catch (reason) {
    return { status: 'rejected', reason };
  }
}

/** How to release the key, and which error to report: one that the application's own functions throw comes first. */
function judgeFailure(request: RunRequest, failed: FailedWork): ReleaseOptions & { error: unknown } {
  const { error } = failed;
  if (error instanceof LeaseLostError) return { counting: 'unfinished', error };
  try {
    const counting = request.uncounted?.(error) ? 'uncounted' : 'counted';
    const backoffMs = Math.ceil(request.backoffMs?.(failed) ?? 0);
    return { counting, error, ...(backoffMs > 0 && { backoffMs }) };
  } catch (fault) {
    return { counting: 'counted', error: fault };
  }
}
