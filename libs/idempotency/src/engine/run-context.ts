import type { Claim, ScopedKey } from '../stores/idempotency-store';
import type { JsonOf } from './json-of';
import { Steps, type StepParts } from './steps';
import type { Transaction } from './transactions';
import type { MessageOptions } from '../outbox/outbox';
import type { RunMessages } from '../outbox/run-messages';

/**
 * The run of a handler, as `@IdempotencyContext()` and `IdempotencyService.run` pass it.
 *
 * @example
 * async charge(@IdempotentPayload() order: Order, @IdempotencyContext() context: IdempotencyContext) {
 *   context.assertHeld();
 *   return this.gateway.charge(order, { idempotencyKey: context.key, signal: context.signal });
 * }
 */
export interface IdempotencyContext<Native = unknown> extends ScopedKey {
  /** A handler does not run for a replay. Interceptors around it can also get a `ReplayedContext`. */
  readonly replayed: false;
  /** Counted attempts at this key so far, including this one, over all processes. */
  readonly attempt: number;
  /** Grows with each claim of the key. A resource that keeps the largest token can reject a stale owner. */
  readonly fencingToken: number;
  /** How long before this run the first attempt began, in ms, by the store's clock. */
  readonly sinceFirstAttemptMs: number;
  /**
   * Set if the request is so old that it may have been processed and forgotten, and was accepted because it had waited on
   * our side: how long ago that may have been, in ms. Look for the effect before you repeat it.
   */
  readonly sinceForgottenMs: number | undefined;
  /**
   * Aborted with a `LeaseLostError` when another consumer may have taken over, and with a `WorkTimeoutError` when
   * `maxWorkMs` is over.
   */
  readonly signal: AbortSignal;
  /** The remaining time of the lease, in ms; 0 once it has ended. */
  readonly remainingMs: number;
  /**
   * The transaction in which the record of this run is stored, for work with the option `transaction`: what is written in it
   * exists if and only if the record does. Use it for nothing that goes on after the work.
   *
   * @throws Error for work without that option
   */
  readonly transaction: Transaction<Native>;
  /**
   * Writes a message to the module's `outbox` in the transaction: it is published, at least once and always with the same
   * idempotency key, if and only if the transaction commits. The messages of one request are published in their order.
   *
   * @param content JSON
   * @throws Error for work without the option `transaction`, or a module without an `outbox`
   * @throws TypeError for a message that cannot be sent
   */
  publish(exchange: string, routingKey: string, content: unknown, options?: MessageOptions): Promise<void>;
  /**
   * Call it right before an effect that cannot be undone: the process may have been frozen since the line before.
   *
   * @throws LeaseLostError if the lease has ended
   * @throws WorkTimeoutError if `maxWorkMs` is over
   */
  assertHeld(): void;
  /**
   * Does a part of the work once, and stores its result under the idempotency key. If this attempt fails or the process dies
   * later, the next attempt gets the stored result without calling `work`, and so goes on behind the last step that is done.
   * Steps that run at the same time are stored, too.
   *
   * The result is what JSON makes of it ({@link JsonOf}), also the first time. A step that throws stores nothing, and may be
   * tried again. Once a step is done, the attempt counts and the key stays bound to its payload, whatever `uncounted` says.
   *
   * If the process dies between the effect of a step and the storing of its result, the next attempt does the step again. So
   * give the system that has the effect a key of this step, if it takes one.
   *
   * @example
   * const { id } = await context.step('reserve', () =>
   *   stock.reserve(order, { idempotencyKey: `${context.key}:reserve` }),
   * );
   *
   * @param name unique among the steps of a run: 1 to 64 visible ASCII characters without `:`, `{` and `}`
   * @throws Error if the name is not valid, or has already begun in this run
   * @throws every error of `work`
   * @throws UnrecordableResultError if JSON cannot hold the result; nothing is stored
   * @throws LeaseLostError if the lease has ended: before the step, or before its result was stored
   * @throws WorkTimeoutError if `maxWorkMs` is over
   * @throws StoreUnavailableError if the store did not answer: nothing was started, or the result may not be stored. Then
   *   no other step of this run begins
   */
  step<T>(name: string, work: () => Promise<T>): Promise<JsonOf<T>>;
}

/** The context of one run. A class, so that its getters are not created for each request. */
export class RunContext implements IdempotencyContext {
  readonly replayed = false;
  readonly scope: string;
  readonly key: string;
  readonly attempt: number;
  readonly fencingToken: number;
  readonly sinceFirstAttemptMs: number;
  readonly sinceForgottenMs: number | undefined;
  /** Undefined if the work has none. */
  steps: Steps | undefined;

  constructor(
    { scope, key }: ScopedKey,
    { attempt, fencingToken, sinceFirstAttemptMs, sinceForgottenMs }: Claim,
    private readonly parts: StepParts,
    private readonly open?: Transaction,
    private readonly messages?: RunMessages,
  ) {
    this.scope = scope;
    this.key = key;
    this.attempt = attempt;
    this.fencingToken = fencingToken;
    this.sinceFirstAttemptMs = sinceFirstAttemptMs;
    this.sinceForgottenMs = sinceForgottenMs;
  }

  get signal(): AbortSignal {
    return this.parts.lease.signal;
  }

  get transaction(): Transaction {
    if (this.open) return this.open;
    throw new Error(
      `the work of the scope '${this.scope}' has no transaction: it needs the option 'transaction: true'`,
    );
  }

  async publish(
    exchange: string,
    routingKey: string,
    content: unknown,
    options?: MessageOptions,
  ): Promise<void> {
    if (this.messages) return this.messages.publish(exchange, routingKey, content, options);
    const missing = this.open
      ? "the module's option 'outbox', such as new OutboxRelay(pool, { publish }) of nestjs-idempotent/postgres"
      : "the option 'transaction: true'";
    throw new Error(`context.publish() in the scope '${this.scope}' needs ${missing}`);
  }

  get remainingMs(): number {
    return this.parts.lease.remainingMs;
  }

  assertHeld(): void {
    this.parts.lease.assertHeld();
  }

  step<T>(name: string, work: () => Promise<T>): Promise<JsonOf<T>> {
    if (this.open)
      throw new Error(
        'work in a transaction has no steps: what they do would be rolled back with it; remove step()',
      );
    this.steps ??= new Steps(this.parts, this.attempt === 1);
    return this.steps.run(name, work);
  }
}
