import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { beginRequest, patientBegin } from './begin';
import type { RunRequest, RunSettings, Work } from './run-request';
import { fingerprintOf } from './fingerprint';
import { checkKey } from './idempotency-key';
import { errorOf, StoreUnavailableError, type NotStarted } from './failure';
import { IdempotencyEvents } from './idempotency.events';
import { checkEngine, checkRun, EngineOptions } from './engine.options';
import { LeasedWork } from './leased-work';
import { LocalMemory } from './local-memory';
import { isNotStarted, notStarted, replayOf, type Answered, type Outcome } from './outcome';
import {
  IdempotencyStore,
  type ClaimedKey,
  type Finding,
  type IdempotencyRecord,
  type ScopedKey,
} from '../stores/idempotency-store';
import { fitsRecord } from '../stores/stored-record';

interface RunningCall {
  readonly origin: string | undefined;
  readonly request: RunRequest;
  readonly outcome: Promise<Outcome<unknown>>;
}

/** How `run` treats one call. */
export interface RunOptions extends RunSettings {
  /** Keeps the keys of different kinds of work apart. */
  readonly scope: string;
  /**
   * JSON that makes it the same request: a call with the same key and another payload fails with
   * `idempotency-key-reused`. Default: payloads are not compared.
   */
  readonly payload?: unknown;
}

/** The engine: runs work once for each idempotency key, and gives its result to every caller. */
@Injectable()
export class IdempotencyService {
  private readonly running = new Map<string, RunningCall>();
  private readonly leasedWork: LeasedWork;
  private readonly memory: LocalMemory | undefined;
  /** Together with `claims` an owner token that is unique over all processes. */
  private readonly process = randomUUID();
  private claims = 0;

  constructor(
    @Inject(IdempotencyStore) private readonly store: IdempotencyStore,
    @Inject(EngineOptions) private readonly options: EngineOptions,
    private readonly events: IdempotencyEvents,
  ) {
    checkEngine(options);
    this.memory = options.localMemory && new LocalMemory(options.localMemory);
    this.leasedWork = new LeasedWork({ store, options, events, memory: this.memory });
  }

  /**
   * Runs `work` under an idempotency key, or answers from the record of an earlier run. A call for a key that this process
   * is working on gets that run's answer, without asking the store.
   *
   * The result must be JSON. If possible, `work` passes the same key on to the system that has the effect: no lease
   * protects against a crash between an effect and its record.
   *
   * @example
   * const outcome = await idempotency.run(order.id, () => mailer.send(order), { scope: 'order-mail', payload: order });
   * if (outcome.kind === 'failed') throw new Error(`not started: ${outcome.code}`);
   *
   * @returns the result, `executed` now or `replayed`; or `failed` with the reason why the work was not started
   * @throws Error if the scope or a time is not valid, or the payload is not JSON
   * @throws MissingIdempotencyKeyError, InvalidIdempotencyKeyError
   * @throws every error of `work`; unless it is remembered, the key is free for the next call
   * @throws LeaseLostError if the lease was lost during the work and no result is stored yet
   * @throws StoreUnavailableError if the store did not answer: nothing was started, or the result is not recorded
   */
  async run<T>(key: string, work: Work<T>, options: RunOptions): Promise<Answered<T> | NotStarted> {
    checkRun(options);
    const request: RunRequest = {
      ...options,
      key: checkKey(key, 'call of run()'),
      fingerprint: 'payload' in options ? fingerprintOf(options.payload) : undefined,
    };
    const outcome = await this.tryRun(request, work);
    if (outcome.kind === 'remembered-error') throw outcome.error;
    if (outcome.kind === 'failed' && !isNotStarted(outcome)) throw errorOf(outcome);
    return outcome;
  }

  /** The same as {@link run}, but returns every failure instead of throwing it. */
  tryRun<T>(request: RunRequest, work: Work<T>): Promise<Outcome<T>> {
    const name = nameOf(request);
    const call = this.running.get(name);
    if (call) return this.joinOrFollow(call, request, work);
    const remembered = this.memory?.recall(name, request.fingerprint);
    if (remembered) return Promise.resolve(this.replay<T>(request, remembered, 'memory'));
    const origin = this.options.origin?.();
    const outcome = this.beginAndWork(request, work);
    this.running.set(name, { origin, request, outcome });
    const ended = () => this.running.delete(name);
    outcome.then(ended, ended);
    return outcome;
  }

  /**
   * What is stored under a key: its record, how often it was claimed, whether it is in progress.
   *
   * @throws StoreUnavailableError
   */
  find(name: ScopedKey): Promise<Finding> {
    return this.store.find(name);
  }

  /**
   * Looks at a key again before a request for it is given up. Returns the answer of its record, a failure if the key is in
   * progress or was used with another payload, otherwise undefined.
   *
   * `maxAttempts` is for a request whose attempts are used up: if the key has an attempt left, because more of them were
   * forgiven in the meantime, it counts as in progress.
   *
   * @throws StoreUnavailableError
   */
  async lookAgain(
    claimed: ClaimedKey,
    { maxAttempts = 0 }: { readonly maxAttempts?: number | undefined } = {},
  ): Promise<Outcome<unknown> | undefined> {
    const found = await this.store.find(claimed);
    const { record, remainingLeaseMs } = found;
    if (record)
      return this.replay(
        claimed,
        fitsRecord(record, claimed.fingerprint) ? record : 'idempotency-key-reused',
        'store',
      );
    if (remainingLeaseMs !== undefined)
      return { kind: 'failed', code: 'in-progress', remainingMs: remainingLeaseMs };
    // A request that forgives attempts may have started in this process before the store has received it.
    const beginning = this.running.get(nameOf(claimed))?.request.forgivenAttempts ?? 0;
    const forgiven = Math.max(found.forgivenAttempts, beginning);
    return found.countedAttempts - forgiven < maxAttempts
      ? { kind: 'failed', code: 'in-progress', remainingMs: 0 }
      : undefined;
  }

  /**
   * Forgets a key, so that it can be used again like a new one. While the key is in progress only an earlier record is
   * removed, not the lease. Entries in the `localMemory` of other processes stay until they expire.
   *
   * @throws StoreUnavailableError
   */
  async forget(name: ScopedKey): Promise<void> {
    await this.store.forget(name);
    this.memory?.forget(nameOf(name));
  }

  /** Resolves if the store accepts writes; rejects with a {@link StoreUnavailableError} otherwise. */
  probeStore(): Promise<void> {
    return this.store.probe();
  }

  private async joinOrFollow<T>(call: RunningCall, request: RunRequest, work: Work<T>): Promise<Outcome<T>> {
    const { fingerprint, maxAttempts, forgivenAttempts } = call.request;
    if (
      fingerprint === request.fingerprint &&
      maxAttempts === request.maxAttempts &&
      forgivenAttempts === request.forgivenAttempts
    )
      return this.join(call, request, work);
    // Once the other call has ended, the store decides which payload the key has, and whether more attempts may follow.
    await call.outcome;
    return this.tryRun(request, work);
  }

  private async join<T>(call: RunningCall, request: RunRequest, work: Work<T>): Promise<Outcome<T>> {
    // Same scope, key and fingerprint: the same work, and so the same type of result.
    const outcome = (await call.outcome) as Outcome<T>;
    const { origin } = call;
    switch (outcome.kind) {
      case 'executed':
      case 'replayed': {
        const { result } = outcome;
        this.events.emit(request, { kind: 'replayed', from: 'running-call', result, origin });
        return { kind: 'replayed', result, origin };
      }
      case 'remembered-error':
        return { ...outcome, replayed: true, origin };
      case 'failed':
        // These two depend on the timestamp of the other request, not of this one.
        return outcome.code === 'outside-deduplication-window' || outcome.code === 'from-the-future'
          ? this.tryRun(request, work)
          : outcome;
      default:
        return outcome satisfies never;
    }
  }

  private async beginAndWork<T>(request: RunRequest, work: Work<T>): Promise<Outcome<T>> {
    try {
      const { reply, owner, sentAt } = await this.begin(request);
      switch (reply.kind) {
        case 'acquired':
          return await this.leasedWork.run({ request, owner, claim: reply.claim, sentAt, work });
        case 'completed':
          this.memory?.remember(nameOf(request), reply.record);
          return this.replay(request, reply.record, 'store');
        default:
          this.events.emit(request, reply);
          return notStarted(reply);
      }
    } catch (error) {
      if (error instanceof StoreUnavailableError) return { kind: 'failed', code: 'store-unavailable', error };
      // Only what is stored under this one key is wrong, for example a record that cannot be read.
      return { kind: 'failed', code: 'work-failed', error, attempt: 0 };
    }
  }

  private replay<T>(
    request: ScopedKey,
    record: IdempotencyRecord | 'idempotency-key-reused',
    from: 'store' | 'memory',
  ): Outcome<T> {
    if (record === 'idempotency-key-reused') {
      this.events.emit(request, { kind: record });
      return { kind: 'failed', code: record };
    }
    this.events.emit(request, { kind: 'replayed', from, result: record.result, origin: record.origin });
    return replayOf<T>(record);
  }

  private async begin(request: RunRequest) {
    const asked = beginRequest(request, this.options, `${this.process}.${++this.claims}`);
    try {
      return { owner: asked, ...(await patientBegin(this.store, request, asked)) };
    } catch (error) {
      if (error instanceof StoreUnavailableError)
        this.events.emit(request, { kind: 'store-unavailable', step: 'begin', error });
      // The store may have granted the lease and only its answer was lost: the release keeps it from blocking the key.
      void this.leasedWork.release(asked, { counting: 'uncounted' });
      throw error;
    }
  }
}

function nameOf({ scope, key }: ScopedKey): string {
  return `${scope}:${key}`;
}
