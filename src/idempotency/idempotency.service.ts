import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { beginRequest } from './begin-request';
import type { RunRequest, RunSettings, Work } from './run-request';
import { fingerprintOf } from './fingerprint';
import { checkKey } from './idempotency-key';
import { StoreUnavailableError } from './idempotency.errors';
import { IdempotencyEvents } from './idempotency.events';
import { MODULE_OPTIONS_TOKEN } from './idempotency.module-definition';
import { checkModule, checkRun, type IdempotencyModuleOptions } from './idempotency.options';
import { LeasedWork } from './leased-work';
import { LocalMemory } from './local-memory';
import { errorOf, replayOf, type Answered, type Declined, type FinalError, type Outcome } from './outcome';
import { patientBegin } from './patient-begin';
import {
  IdempotencyStore,
  type ClaimedKey,
  type Finding,
  type IdempotencyRecord,
  type ScopedKey,
} from './store/idempotency-store';
import { fitsRecord } from './store/stored-record';

interface RunningCall {
  readonly origin: string | undefined;
  readonly request: RunRequest;
  readonly outcome: Promise<Outcome<unknown>>;
}

/** How `run` treats one call. */
export interface RunOptions extends RunSettings {
  /** Keeps the keys of different kinds of work apart. */
  readonly scope: string;
  /** What makes it the same request: the same key with another payload is a mismatch. Left out: any payload. */
  readonly payload?: unknown;
}

/** The engine: makes sure that work under one key has its effect once, and that everybody gets its result. */
@Injectable()
export class IdempotencyService {
  private readonly running = new Map<string, RunningCall>();
  private readonly leasedWork: LeasedWork;
  private readonly memory: LocalMemory | undefined;
  /** Together unique to each claim, whatever other processes do. */
  private readonly process = randomUUID();
  private claims = 0;

  constructor(
    @Inject(IdempotencyStore) private readonly store: IdempotencyStore,
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: IdempotencyModuleOptions,
    private readonly events: IdempotencyEvents,
  ) {
    checkModule(options);
    this.memory = options.localMemory && new LocalMemory(options.localMemory);
    this.leasedWork = new LeasedWork({ store, options, events, memory: this.memory });
  }

  /**
   * Runs `work` under an idempotency key, or answers from the record of an earlier run. A call that meets a running
   * one of this process gets that one's answer, without a word to the store.
   *
   * The result must be JSON. `work` should make its effect under the same key downstream where it can, because no
   * lease closes the window between an effect and its record.
   *
   * @example
   * const outcome = await idempotency.run(order.id, () => mailer.send(order), { scope: 'order-mail', payload: order });
   *
   * @throws Error for a scope or a time that cannot be used
   * @throws MissingIdempotencyKeyError, InvalidIdempotencyKeyError
   * @throws whatever `work` throws; unless it is remembered, the key is free for the next call
   * @throws LeaseLostError when the lease was lost during the work and nobody has stored a result yet
   * @throws StoreUnavailableError when the store did not answer: nothing was started, or the result is not recorded
   */
  async run<T>(key: string, work: Work<T>, options: RunOptions): Promise<Answered<T> | Declined> {
    checkRun(options);
    const request: RunRequest = {
      ...options,
      key: checkKey(key, 'call of run()'),
      fingerprint: 'payload' in options ? fingerprintOf(options.payload) : undefined,
    };
    const outcome = await this.tryRun(request, work);
    switch (outcome.kind) {
      case 'final-error':
        throw outcome.error;
      case 'failed':
      case 'lease-lost':
      case 'store-unavailable':
        throw errorOf(outcome);
      default:
        return outcome;
    }
  }

  /** The same as {@link run}, with failures as data instead of exceptions. */
  tryRun<T>(request: RunRequest, work: Work<T>): Promise<Outcome<T>> {
    const name = nameOf(request);
    const call = this.running.get(name);
    if (call) return this.runBehind(call, request, work);
    const remembered = this.memory?.recall(name, request.fingerprint);
    if (remembered) return Promise.resolve(this.replay<T>(request, remembered, 'memory'));
    const origin = this.options.origin?.();
    const outcome = this.beginAndWork(request, work);
    this.running.set(name, { origin, request, outcome });
    const ended = () => this.running.delete(name);
    outcome.then(ended, ended);
    return outcome;
  }

  /** What is known of a key: its record, how often it was acquired, whether somebody works on it now. */
  find(name: ScopedKey): Promise<Finding> {
    return this.store.find(name);
  }

  /**
   * How the key stands for a request that is about to be given up: answered by a record after all, in progress, or
   * neither (undefined). With `maxAttempts`, for one whose attempts seem used up: as long as the key has another one left,
   * because some were forgiven meanwhile, it counts as in progress.
   *
   * @throws StoreUnavailableError
   */
  async lookAgain(
    claimed: ClaimedKey,
    { maxAttempts = 0 }: { readonly maxAttempts?: number | undefined } = {},
  ): Promise<Answered<unknown> | FinalError | Declined | undefined> {
    const found = await this.store.find(claimed);
    const { record, remainingLeaseMs } = found;
    if (record)
      return this.replay(
        claimed,
        fitsRecord(record, claimed.fingerprint) ? record : 'idempotency-key-reused',
        'store',
      );
    if (remainingLeaseMs !== undefined) return { kind: 'in-progress', remainingMs: remainingLeaseMs };
    // A request that forgives some may have begun in this process, and the store has not heard of it yet.
    const beginning = this.running.get(nameOf(claimed))?.request.forgivenAttempts ?? 0;
    const forgiven = Math.max(found.forgivenAttempts, beginning);
    return found.countedAttempts - forgiven < maxAttempts
      ? { kind: 'in-progress', remainingMs: 0 }
      : undefined;
  }

  /**
   * Forgets a key, so that it may be used again, as if for the first time. While somebody works on it only an earlier
   * record goes, not the lease. Other processes forget what they hold in memory when its time is over.
   */
  async forget(name: ScopedKey): Promise<void> {
    await this.store.forget(name);
    this.memory?.forget(nameOf(name));
  }

  /** Resolves when the store takes writes; rejects with a {@link StoreUnavailableError} otherwise. */
  probeStore(): Promise<void> {
    return this.store.probe();
  }

  private async runBehind<T>(call: RunningCall, request: RunRequest, work: Work<T>): Promise<Outcome<T>> {
    const { fingerprint, maxAttempts, forgivenAttempts } = call.request;
    if (
      fingerprint === request.fingerprint &&
      maxAttempts === request.maxAttempts &&
      forgivenAttempts === request.forgivenAttempts
    )
      return this.join(call, request, work);
    // Which of the two payloads the key belongs to, and whether this one may be tried more often, is for the store to say,
    // once the other one is through.
    await call.outcome;
    return this.tryRun(request, work);
  }

  private async join<T>(call: RunningCall, request: RunRequest, work: Work<T>): Promise<Outcome<T>> {
    // Same scope, key and fingerprint: the same work, and so the same type of result.
    const outcome = (await call.outcome) as Outcome<T>;
    switch (outcome.kind) {
      case 'executed':
      case 'replayed':
        this.events.emit(request, {
          kind: 'replayed',
          from: 'running-call',
          result: outcome.result,
          origin: call.origin,
        });
        return { kind: 'replayed', result: outcome.result };
      case 'final-error':
        return { ...outcome, replayed: true };
      case 'outside-deduplication-window':
      case 'from-the-future':
        // That says when the other request was made, not this one.
        return this.tryRun(request, work);
      default:
        return outcome;
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
        case 'in-progress':
        case 'idempotency-key-reused':
        case 'retries-exhausted':
        case 'outside-deduplication-window':
        case 'from-the-future':
          this.events.emit(request, reply);
          return reply;
        default:
          return reply satisfies never;
      }
    } catch (error) {
      if (error instanceof StoreUnavailableError) return { kind: 'store-unavailable', error };
      // Something is wrong with this one key, such as a record that nobody can read.
      return { kind: 'failed', error, attempt: 0 };
    }
  }

  private replay<T>(
    request: ScopedKey,
    record: IdempotencyRecord | 'idempotency-key-reused',
    from: 'store' | 'memory',
  ): Answered<T> | FinalError | Declined {
    if (record === 'idempotency-key-reused') {
      this.events.emit(request, { kind: 'idempotency-key-reused' });
      return { kind: 'idempotency-key-reused' };
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
      // It may have taken the lease all the same; give it back rather than block the key until it runs out.
      void this.leasedWork.release(asked, { counting: 'uncounted' });
      throw error;
    }
  }
}

function nameOf({ scope, key }: ScopedKey): string {
  return `${scope}:${key}`;
}
