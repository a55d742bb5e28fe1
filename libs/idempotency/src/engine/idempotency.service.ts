import { Inject, Injectable } from '@nestjs/common';
import { Answers } from './answers';
import { Claims } from './begin';
import type { JsonOf } from './json-of';
import type { AskedWork, RunRequest, Serialize, Work } from './run-request';
import { runRequest, type ConvertingRunOptions, type RunOptions } from './run-options';
import { RunningCall, RunningCalls } from './running-calls';
import { NestedCallError } from './work-errors';
import { checkKey } from './idempotency-key';
import { errorOf, StoreUnavailableError, type NotStarted } from './failure';
import { IdempotencyEvents } from './idempotency.events';
import { checkEngine, checkRun, isTransactional, EngineOptions } from './engine.options';
import { LaterResults, type Replacement } from './later-results';
import { LeasedWork } from './leased-work';
import { LocalMemory } from './local-memory';
import { StoreProbes } from './store-probes';
import { isNotStarted, type Answered, type Outcome } from './outcome';
import {
  IdempotencyStore,
  type ClaimedKey,
  type Finding,
  type ScopedKey,
  type StoreWarning,
} from '../stores/idempotency-store';
import { fitsRecord } from '../stores/stored-record';

/** The engine: runs work once for each idempotency key, and gives its result to every caller. */
@Injectable()
export class IdempotencyService {
  private readonly running = new RunningCalls();
  private readonly leasedWork: LeasedWork;
  private readonly memory: LocalMemory | undefined;
  private readonly claims: Claims;
  private readonly probes: StoreProbes;
  private readonly answers: Answers;
  private readonly laterResults: LaterResults;

  constructor(
    @Inject(IdempotencyStore) private readonly store: IdempotencyStore,
    @Inject(EngineOptions) private readonly options: EngineOptions,
    private readonly events: IdempotencyEvents,
  ) {
    checkEngine({ ...options, store });
    this.memory = options.localMemory && new LocalMemory(options.localMemory);
    this.leasedWork = new LeasedWork({ store, options, events, memory: this.memory });
    this.claims = new Claims(store, options, events, this.leasedWork);
    this.probes = new StoreProbes(store, events);
    this.answers = new Answers(events, this.memory);
    this.laterResults = new LaterResults(store, this.memory);
  }

  /**
   * Runs `work` under an idempotency key, or answers from the record of an earlier run. A call for a key that this process
   * is working on gets that run's answer, without asking the store.
   *
   * The result is recorded as JSON: `executed` has what the work returned, `replayed` what JSON makes of it ({@link JsonOf});
   * with `serialize` and `deserialize` in the options, what `deserialize` returns. If possible, `work` passes the same key
   * on to the system that has the effect: no lease protects against a crash between an effect and its record.
   *
   * @example
   * const outcome = await idempotency.run(order.id, () => mailer.send(order), { scope: 'order-mail', payload: order });
   * if (outcome.kind === 'failed') throw new Error(`not started: ${outcome.code}`);
   *
   * @returns the result, `executed` now or `replayed`; or `failed` with the reason why the work was not started
   * @throws Error if the scope or a time is not valid, or the payload is not JSON
   * @throws MissingIdempotencyKeyError, InvalidIdempotencyKeyError
   * @throws every error of `work`; unless it is remembered, the key is free for the next call
   * @throws UnrecordableResultError now and for every duplicate, if JSON cannot hold the result
   * @throws WorkTimeoutError if the work takes longer than `maxWorkMs`
   * @throws NestedCallError if the call is made inside the work of the same key
   * @throws LeaseLostError if the lease was lost during the work and no result is stored yet
   * @throws StoreUnavailableError if the store did not answer: nothing was started, or the result may not be recorded
   */
  run<T, S, R>(
    key: string,
    work: Work<T>,
    options: ConvertingRunOptions<T, S, R>,
  ): Promise<Answered<T, R> | NotStarted>;
  run<T>(key: string, work: Work<T>, options: RunOptions): Promise<Answered<T, JsonOf<T>> | NotStarted>;
  async run<T>(
    key: string,
    work: Work<T>,
    options: RunOptions | ConvertingRunOptions<T, unknown, unknown>,
  ): Promise<Answered<T, unknown> | NotStarted> {
    checkRun(options, this.options);
    const { serialize, deserialize } = options;
    const request = runRequest(checkKey(key, 'call of run()'), options);
    const outcome = await this.tryRun(request, work, serialize);
    if (outcome.kind === 'remembered-error') throw outcome.error;
    if (outcome.kind === 'failed' && !isNotStarted(outcome)) throw errorOf(outcome);
    return outcome.kind === 'replayed' && deserialize
      ? { ...outcome, result: deserialize(outcome.result) }
      : outcome;
  }

  /**
   * The same as {@link run}, but returns every failure instead of throwing it, and a replayed result as the JSON that is
   * recorded. `serialize` makes that JSON from the result.
   */
  tryRun<T>(request: RunRequest, work: Work<T>, serialize?: Serialize<T>): Promise<Outcome<T, unknown>> {
    const call = this.running.get(request);
    if (call) return this.joinOrFollow(call, { request, work, serialize });
    const remembered = this.memory?.recall(request, request.fingerprint);
    if (remembered) return Promise.resolve(this.answers.replay(request, remembered, 'memory'));
    return this.beginAndWork({ request, work, serialize });
  }

  /**
   * What is stored under a key: its record, how often it was claimed, whether it is in progress.
   *
   * @throws StoreUnavailableError
   */
  find(name: ScopedKey): Promise<Finding> {
    return this.store.find(name);
  }

  /** For kinds of handlers: whether work with the option `transaction` is run again after this error, if it may be. */
  isRepeated(error: unknown): boolean {
    return isTransactional(this.store) && this.store.isRepeatable(error);
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
      return this.answers.replay(
        claimed,
        fitsRecord(record, claimed.fingerprint) ? record : 'idempotency-key-reused',
        'store',
      );
    if (remainingLeaseMs !== undefined)
      return { kind: 'failed', code: 'in-progress', remainingMs: remainingLeaseMs };
    // A request that forgives attempts may have started in this process before the store has received it.
    const beginning = this.running.get(claimed)?.request.forgivenAttempts ?? 0;
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
    this.memory?.forget(name);
  }

  /**
   * Replaces the recorded result of a key by that which `replace` makes of it, for outcomes that come later; `undefined`
   * leaves it. The record keeps its life and all else. If it changes meanwhile, `replace` is called again. Entries in the
   * `localMemory` of other processes stay until they expire.
   *
   * @throws UnrecordableResultError
   * @throws StoreUnavailableError: it may be replaced or not
   */
  replaceResult(name: ScopedKey, replace: (result: unknown) => unknown): Promise<Replacement> {
    return this.laterResults.replace(name, replace);
  }

  /**
   * Resolves if the store accepts writes, with warnings if it may lose records all the same, such as a Redis that evicts
   * keys. Each new warning is also an event, `store-warning`. For health checks.
   *
   * @throws StoreUnavailableError if it does not accept writes
   */
  probeStore(): Promise<readonly StoreWarning[]> {
    return this.probes.probe();
  }

  /** Answers with the end of a call that this process is working on, if both ask for the same. */
  private async joinOrFollow<T>(call: RunningCall, asked: AskedWork<T>): Promise<Outcome<T, unknown>> {
    const { request, work, serialize } = asked;
    const { fingerprint, maxAttempts, forgivenAttempts } = call.request;
    const joins =
      fingerprint === request.fingerprint &&
      maxAttempts === request.maxAttempts &&
      forgivenAttempts === request.forgivenAttempts;
    if (joins) call.join();
    const { leaseMs = this.options.leaseMs } = call.request;
    const end = await this.running.endOf(call, leaseMs);
    if (end === 'nested')
      return { kind: 'failed', code: 'work-failed', error: new NestedCallError(request), attempt: 0 };
    if (end === 'too-long') return this.answers.of(request, { kind: 'in-progress', remainingMs: leaseMs });
    const answer = joins ? call.answerTo(end) : undefined;
    // The store decides which payload the key has, and whether more attempts may follow; and these two failures depend on
    // the timestamp of the other request, not of this one.
    if (
      !answer ||
      (answer.kind === 'failed' &&
        (answer.code === 'outside-deduplication-window' || answer.code === 'from-the-future'))
    )
      return this.tryRun(request, work, serialize);
    if (answer.kind === 'replayed') {
      const { result, origin } = answer;
      this.events.emit(request, { kind: 'replayed', from: 'running-call', result, origin });
    }
    return answer;
  }

  private async beginAndWork<T>(asked: AskedWork<T>): Promise<Outcome<T, unknown>> {
    const { request, work, serialize } = asked;
    const origin = this.options.origin?.();
    const call = new RunningCall(request, origin);
    this.running.add(call);
    let outcome: Outcome<T, unknown>;
    try {
      const { reply, owner, sentAt } = await this.claims.begin(request);
      outcome =
        reply.kind === 'acquired'
          ? await this.leasedWork.run({
              request,
              owner,
              claim: reply.claim,
              sentAt,
              origin,
              serialize,
              work: (context) => this.running.work(call, work, context),
            })
          : this.answers.of(request, reply);
    } catch (error) {
      // If it is not the store, only what is stored under this one key is wrong, for example a record that cannot be read.
      outcome =
        error instanceof StoreUnavailableError
          ? { kind: 'failed', code: 'store-unavailable', error }
          : { kind: 'failed', code: 'work-failed', error, attempt: 0 };
    }
    this.running.end(call, outcome, serialize);
    return outcome;
  }
}
