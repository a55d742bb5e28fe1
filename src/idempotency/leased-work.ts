import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from './canonical-json';
import type { RunRequest, FailedWork, Work, WorkEnd } from './run-request';
import { RunContext } from './idempotency.context';
import { LeaseLostError, StoreUnavailableError } from './idempotency.errors';
import type { IdempotencyEvents } from './idempotency.events';
import type { IdempotencyModuleOptions } from './idempotency.options';
import { Lease } from './lease';
import type { LocalMemory } from './local-memory';
import {
  replayOf,
  type Answered,
  type Declined,
  type Failed,
  type FinalError,
  type Outcome,
} from './outcome';
import { storedErrorFrom } from './remembered-error';
import type {
  Claim,
  CompleteReply,
  CompleteRequest,
  IdempotencyRecord,
  IdempotencyStore,
  LeaseOwner,
  ReleaseOptions,
} from './store/idempotency-store';
import { fitsRecord, writeRecord } from './store/stored-record';

/** Between two tries to store a record; the lease bounds them. */
const COMPLETE_RETRY_MS = 200;

type End<T> = { readonly kind: 'returned'; readonly result: T } | Extract<WorkEnd, { kind: 'threw' }>;

/** Does the work that a lease was taken for, and ends the lease: with a record, or by giving it back. */
export class LeasedWork {
  private readonly store: IdempotencyStore;
  private readonly options: IdempotencyModuleOptions;
  private readonly events: IdempotencyEvents;
  private readonly memory: LocalMemory | undefined;

  constructor(parts: {
    store: IdempotencyStore;
    options: IdempotencyModuleOptions;
    events: IdempotencyEvents;
    memory: LocalMemory | undefined;
  }) {
    this.store = parts.store;
    this.options = parts.options;
    this.events = parts.events;
    this.memory = parts.memory;
  }

  async run<T>(begun: {
    request: RunRequest;
    owner: LeaseOwner;
    claim: Claim;
    sentAt: number;
    work: Work<T>;
  }): Promise<Outcome<T>> {
    const { request, owner, claim, work } = begun;
    const { fencingToken, attempt, forgivenAttempts } = claim;
    const counts = { attempt, ...(forgivenAttempts > 0 && { forgivenAttempts }) };
    this.events.emit(request, { kind: 'acquired', attempt, fencingToken });
    const leaseMs = request.leaseMs ?? this.options.leaseMs;
    const lease = new Lease(this.store, owner, leaseMs, this.events, begun.sentAt);
    try {
      const end = await endOf(work, new RunContext(request, claim, lease));
      // If the process dies here, the effect is there without a record: the next owner's downstream key absorbs it.
      if (isRemembered(end, request)) return await this.complete({ request, lease, fencingToken, end });
      lease.end();
      if (end.kind === 'returned') {
        await this.release(owner, { counting: 'counted' });
        return { kind: 'executed', result: end.result };
      }
      return await this.giveBack({ request, owner, counts, error: end.error });
    } catch (error) {
      // Nothing to release: the lease is lost, or the store cannot be told anything now.
      if (error instanceof LeaseLostError) return { kind: 'lease-lost' };
      if (error instanceof StoreUnavailableError) throw error;
      lease.end();
      return await this.giveBack({ request, owner, counts, error });
    } finally {
      lease.end();
    }
  }

  /** After work that threw. A lease that was lost meanwhile is another owner's, and so is the end of the work. */
  private async giveBack(failed: {
    request: RunRequest;
    owner: LeaseOwner;
    counts: Omit<FailedWork, 'error'>;
    error: unknown;
  }): Promise<Failed> {
    const { request, owner, counts } = failed;
    const { error, ...release } = judged(request, { ...counts, error: failed.error });
    const reply = await this.release(owner, release);
    if (error instanceof LeaseLostError || reply === 'lost') return { kind: 'lease-lost' };
    const { backoffMs } = release;
    return { kind: 'failed', error, ...counts, ...(backoffMs !== undefined && { retryInMs: backoffMs }) };
  }

  private async complete<T>(done: {
    request: RunRequest;
    lease: Lease;
    fencingToken: number;
    end: End<T>;
  }): Promise<Answered<T> | FinalError | Declined> {
    const { request, lease, fencingToken, end } = done;
    const origin = this.options.origin?.();
    const record: IdempotencyRecord = {
      processedAt: new Date().toISOString(),
      result: end.kind === 'returned' ? (end.result ?? null) : null,
      error: end.kind === 'threw' ? storedErrorFrom(end.error) : undefined,
      fingerprint: request.fingerprint,
      origin,
      fencingToken,
    };
    const reply = await this.storeRecord(request, lease, record);
    // An earlier try may have been carried out though its answer was lost: then the record there is ours.
    if (reply.kind === 'stored' || isSame(reply.record, record)) {
      this.events.emit(request, { kind: 'completed', fencingToken, result: record.result });
      this.memory?.remember(`${request.scope}:${request.key}`, record);
      return end.kind === 'returned'
        ? { kind: 'executed', result: end.result }
        : { kind: 'final-error', error: end.error, replayed: false };
    }
    const winner = reply.record;
    this.events.emit(request, {
      kind: 'completion-refused',
      sameResult: winner && end.kind === 'returned' && !winner.error && sameJson(winner.result, end.result),
    });
    if (!winner) throw new LeaseLostError();
    if (fitsRecord(winner, request.fingerprint)) return replayOf<T>(winner);
    this.events.emit(request, { kind: 'idempotency-key-reused' });
    return { kind: 'idempotency-key-reused' };
  }

  /** The effect has happened, so its record is worth some patience: as long as the lease is ours. */
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
        // A result that is no JSON will be none the next time either.
        if (!(error instanceof StoreUnavailableError)) throw error;
        this.events.emit(request, { kind: 'store-unavailable', step: 'complete', error });
        if (lease.remainingMs <= COMPLETE_RETRY_MS) throw error;
        await sleep(COMPLETE_RETRY_MS);
      }
    }
  }

  /** Never rejects: a lease that cannot be given back runs out by itself. */
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

/** Records hold what JSON makes of a result: null of NaN, for one. */
function asStored(result: unknown): unknown {
  return JSON.parse(JSON.stringify(result ?? null));
}

/** Tokens start anew when the store has lost its data, so they alone do not tell, and nor does a millisecond. */
function isSame(found: IdempotencyRecord | undefined, ours: IdempotencyRecord): boolean {
  return found !== undefined && writeRecord(found) === writeRecord(ours);
}

/** A lost lease is no end of the work, whoever asks to remember what was thrown. */
function isRemembered(end: WorkEnd, { remember }: RunRequest): boolean {
  if (end.kind === 'threw' && end.error instanceof LeaseLostError) return false;
  return remember ? remember(end) : end.kind === 'returned';
}

async function endOf<T>(work: Work<T>, context: RunContext): Promise<End<T>> {
  try {
    // Redis may have answered late, or the process may have been frozen before it read the answer.
    context.assertHeld();
    return { kind: 'returned', result: await work(context) };
  } catch (error) {
    return { kind: 'threw', error };
  }
}

/** What the release leaves behind, and the error to tell: one of the application's own judgement comes first. */
function judged(request: RunRequest, failed: FailedWork): ReleaseOptions & { error: unknown } {
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
