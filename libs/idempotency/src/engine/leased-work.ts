import { Completions, isSame } from './completions';
import { judgeError, judgeFailure, judgeUnended } from './failed-work';
import { LeaseLostError, type Failure } from './failure';
import { RunContext } from './run-context';
import type { IdempotencyEvents } from './idempotency.events';
import { isTransactional, needsTransactions, type EngineOptions } from './engine.options';
import { Lease, Renewals } from './lease';
import { startWork } from './limited-work';
import type { LocalMemory } from './local-memory';
import type { Outcome } from './outcome';
import type { RunRequest, Serialize, Work } from './run-request';
import { TransactionalWork, type TransactionEnd } from './transactional-work';
import { recordOfError, recordOfResult, type WrittenRecord } from './work-record';
import type { Claim, IdempotencyStore, LeaseOwner, ReleaseOptions } from '../stores/idempotency-store';

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
  private readonly completions: Completions;
  private readonly renewals: Renewals;
  private readonly transactional: TransactionalWork | undefined;

  constructor(parts: {
    store: IdempotencyStore;
    options: EngineOptions;
    events: IdempotencyEvents;
    memory: LocalMemory | undefined;
  }) {
    this.store = parts.store;
    this.options = parts.options;
    this.events = parts.events;
    this.completions = new Completions(parts.store, parts.options, parts.events, parts.memory);
    this.renewals = new Renewals(parts.store, parts.events);
    const { transactions, outbox } = parts.options;
    if (transactions && isTransactional(parts.store))
      this.transactional = new TransactionalWork(parts.store, transactions, parts.events, outbox);
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
      if (request.transaction) return await this.runInTransaction(claimed, context, { lease, maxWorkMs });
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

  /** The effect and its record are committed together, so nothing that follows can change the outcome. */
  private async runInTransaction<T>(
    claimed: ClaimedWork<T>,
    context: RunContext,
    limits: { readonly lease: Lease; readonly maxWorkMs: number | undefined },
  ): Promise<Outcome<T, unknown>> {
    const { request, owner } = claimed;
    const { lease } = limits;
    const { transactional } = this;
    if (!transactional) throw new Error(needsTransactions({}));
    const completion = (written: WrittenRecord) => this.completions.requestOf(request, owner, written);
    let end: TransactionEnd<T>;
    try {
      const work = () => transactional.run({ ...claimed, completion }, lease);
      end = await startWork(work, context, limits);
    } catch (thrown) {
      return await this.endFailed(claimed, lease, thrown);
    }
    switch (end.kind) {
      case 'committed':
        return this.completions.completed(claimed, end.written, { kind: 'executed', result: end.result });
      case 'unknown':
        return this.endUnknown(claimed, lease, end);
      case 'lost':
        return this.completions.answerOfWinner(request, end.written, (await this.store.find(owner)).record);
      case 'not-opened': {
        const { error } = end;
        lease.end();
        this.events.emit(request, { kind: 'store-unavailable', step: 'begin', error });
        await this.release(owner, { counting: 'uncounted' });
        return { kind: 'failed', code: 'store-unavailable', error };
      }
      case 'fault':
        return this.remember(claimed, lease, end.fault);
      case 'not-final':
        return this.releaseUnfinal(claimed, lease, { kind: 'executed', result: end.result });
      default:
        return end satisfies never;
    }
  }

  /** The release waits for the end of the transaction, which holds the row of the claim: then it is known how it ended. */
  private async endUnknown<T>(
    claimed: ClaimedWork<T>,
    lease: Lease,
    { result, written, error }: Extract<TransactionEnd<T>, { kind: 'unknown' }>,
  ): Promise<Outcome<T, unknown>> {
    const { request, owner } = claimed;
    lease.end();
    const failure = await this.releaseFailed(claimed, lease, error);
    if (failure.code !== 'lease-lost') return failure;
    const { record } = await this.store.find(owner);
    return isSame(record, written.text)
      ? this.completions.completed(claimed, written, { kind: 'executed', result })
      : this.completions.answerOfWinner(request, written, record);
  }

  /** After work that has returned. Its effect has happened, so the key is never released as if it had not. */
  private endWith<T>(claimed: ClaimedWork<T>, lease: Lease, result: T): Promise<Outcome<T, unknown>> {
    const outcome = { kind: 'executed', result } as const;
    const end = recordOfResult(claimed, result, claimed.serialize);
    switch (end.kind) {
      case 'record':
        return this.completions.complete(claimed, lease, end, outcome);
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
    return this.completions.complete(claimed, lease, recordOfError(claimed, error), outcome);
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
