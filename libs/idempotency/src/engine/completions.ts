import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from './canonical-json';
import type { EngineOptions } from './engine.options';
import { LeaseLostError, StoreUnavailableError } from './failure';
import type { IdempotencyEvents } from './idempotency.events';
import type { Lease } from './lease';
import type { LocalMemory } from './local-memory';
import { replayOf, type Outcome } from './outcome';
import type { RunRequest } from './run-request';
import type { WrittenRecord } from './work-record';
import type {
  Claim,
  CompleteReply,
  CompleteRequest,
  IdempotencyRecord,
  IdempotencyStore,
  LeaseOwner,
} from '../stores/idempotency-store';
import { fitsRecord, writeRecord } from '../stores/stored-record';

/** Wait between two tries to store a record. They end with the lease, and after the length of one if it is still renewed. */
const COMPLETE_RETRY_MS = 200;

/** A request whose key is claimed. */
interface Claimed {
  readonly request: RunRequest;
  readonly claim: Claim;
}

/** Stores the records of finished work, and tells what the outcome is if the lease was lost before. */
export class Completions {
  constructor(
    private readonly store: IdempotencyStore,
    private readonly options: EngineOptions,
    private readonly events: IdempotencyEvents,
    private readonly memory: LocalMemory | undefined,
  ) {}

  requestOf(
    request: RunRequest,
    { scope, key, ownerToken }: LeaseOwner,
    { record, text }: WrittenRecord,
  ): CompleteRequest {
    const ttlSeconds = request.ttlSeconds ?? this.options.ttlSeconds;
    const { clockToleranceMs } = this.options;
    return { scope, key, ownerToken, record, recordText: text, ttlSeconds, clockToleranceMs };
  }

  async complete<T>(
    claimed: Claimed,
    lease: Lease,
    written: WrittenRecord,
    outcome: Outcome<T, unknown>,
  ): Promise<Outcome<T, unknown>> {
    const { request } = claimed;
    const asked = this.requestOf(request, lease.owner, written);
    let reply: CompleteReply;
    try {
      reply = await this.store.complete(asked);
    } catch (cause) {
      reply = await this.completeAgain(asked, lease, cause);
    }
    // If the answer to an earlier try was lost, the record that is stored may be ours.
    if (reply.kind === 'stored' || isSame(reply.record, written.text))
      return this.completed(claimed, written, outcome);
    return this.answerOfWinner(request, written, reply.record);
  }

  completed<T>(
    { request, claim: { fencingToken } }: Claimed,
    { record, text }: WrittenRecord,
    outcome: Outcome<T, unknown>,
  ): Outcome<T, unknown> {
    this.events.emit(request, { kind: 'completed', fencingToken, result: record.result });
    this.memory?.remember(request, text);
    return outcome;
  }

  /** The lease was lost before the record was stored: the record of another owner counts, if there is one. */
  answerOfWinner(
    request: RunRequest,
    { record }: WrittenRecord,
    winner: IdempotencyRecord | undefined,
  ): Outcome<never, unknown> {
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
}

/** Compared as JSON stores them: NaN becomes null, for example. */
function sameJson(one: IdempotencyRecord, other: IdempotencyRecord): boolean {
  return canonicalJson(asStored(one.result)) === canonicalJson(asStored(other.result));
}

function asStored(result: unknown): unknown {
  return JSON.parse(JSON.stringify(result));
}

/** Fencing tokens start again at 1 when the store has lost its data, so the whole record is compared. */
export function isSame(found: IdempotencyRecord | undefined, ours: string): boolean {
  return found !== undefined && writeRecord(found) === ours;
}
