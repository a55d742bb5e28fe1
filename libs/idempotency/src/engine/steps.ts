import type { IdempotencyStore } from '../stores/idempotency-store';
import { StoreUnavailableError } from './failure';
import type { IdempotencyEvents } from './idempotency.events';
import type { JsonOf } from './json-of';
import type { Lease } from './lease';
import { isName, NAME_RULE } from './names';
import { recordableText } from './recordable';

/** What the steps of a run need of the engine. */
export interface StepParts {
  readonly lease: Lease;
  readonly store: IdempotencyStore;
  readonly events: IdempotencyEvents;
}

/** The steps of one run: those that earlier attempts have done, and those that it does. */
export class Steps {
  /** The result of each step that is done, as JSON. */
  private readonly results = new Map<string, string>();
  /** Names of the steps that this run has begun. */
  private readonly begun = new Set<string>();
  private readonly running = new Set<Promise<unknown>>();
  /** Whether this run has done a step. */
  areDone = false;
  private loading: Promise<void> | undefined;
  private saving = Promise.resolve();
  private nextSave: Promise<void> | undefined;
  /** Why no step may begin any more. */
  private fault: { readonly error: unknown } | undefined;

  constructor(
    private readonly parts: StepParts,
    private readonly isFirstAttempt: boolean,
  ) {}

  run<T>(name: string, work: () => Promise<T>): Promise<JsonOf<T>> {
    const step = this.resultOf(name, work);
    const ended = () => this.running.delete(step);
    this.running.add(step);
    step.then(ended, ended);
    return step;
  }

  /** When the work has failed: no other step begins, and those that are running end, so that their results are stored. */
  async end(): Promise<void> {
    this.fault ??= { error: new Error('the work has failed, so none of its steps begins any more') };
    await Promise.allSettled(this.running);
  }

  private async resultOf<T>(name: string, work: () => Promise<T>): Promise<JsonOf<T>> {
    if (!isName(name)) throw new Error(`the name of a step ${NAME_RULE}, not ${JSON.stringify(name)}`);
    if (this.begun.has(name))
      throw new Error(
        `the step '${name}' has already begun in this run; give each step a name of its own, in a loop such as '${name}-1'`,
      );
    this.begun.add(name);
    this.assertMayBegin();
    await (this.loading ??= this.load());
    const stored = this.results.get(name);
    if (stored !== undefined) return fromJson<T>(stored);
    // Loading took time, and other steps may have failed meanwhile.
    this.assertMayBegin();
    const result = await this.resultFrom(name, work);
    this.areDone = true;
    const text = recordableText(result, { scope: this.parts.lease.owner.scope, step: name });
    this.results.set(name, text);
    // If the process dies here, the step is done and not stored: the key given to the downstream makes the next run safe.
    await (this.nextSave ??= this.saveNext());
    return fromJson<T>(text);
  }

  /** A step that has failed may be tried again under its name. */
  private async resultFrom<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.begun.delete(name);
      throw error;
    }
  }

  private assertMayBegin(): void {
    this.parts.lease.assertHeld();
    if (this.fault) throw this.fault.error;
  }

  private async load(): Promise<void> {
    if (this.isFirstAttempt) return;
    const { lease, store } = this.parts;
    const reply = await this.ask('loadSteps', () => store.loadSteps(lease.owner));
    if (reply.kind === 'lost') throw lease.lost();
    if (reply.steps === undefined) return;
    for (const [name, result] of Object.entries(resultsIn(reply.steps)))
      this.results.set(name, JSON.stringify(result));
  }

  /** One after the other, because each replaces the text of all steps. Results that come meanwhile share the next one. */
  private saveNext(): Promise<void> {
    this.saving = this.saving.then(() => {
      this.nextSave = undefined;
      return this.save();
    });
    return this.saving;
  }

  /** The lease is not asserted here: the step is done, and the store decides whether its result may still be stored. */
  private async save(): Promise<void> {
    const { lease, store } = this.parts;
    const steps = [...this.results].map(([name, text]) => `${JSON.stringify(name)}:${text}`);
    try {
      const reply = await this.ask('saveSteps', () => store.saveSteps(lease.owner, `{${steps.join(',')}}`));
      if (reply === 'lost') throw lease.lost();
    } catch (error) {
      // A save whose answer is lost may still arrive, and would replace a later one. So there is no later one.
      this.fault ??= { error };
      throw error;
    }
  }

  private async ask<Reply>(step: keyof IdempotencyStore, send: () => Promise<Reply>): Promise<Reply> {
    try {
      return await send();
    } catch (cause) {
      const error = cause instanceof StoreUnavailableError ? cause : new StoreUnavailableError(step, cause);
      this.parts.events.emit(this.parts.lease.owner, { kind: 'store-unavailable', step, error });
      throw error;
    }
  }
}

function fromJson<T>(text: string): JsonOf<T> {
  const result: unknown = JSON.parse(text);
  return result as JsonOf<T>;
}

function resultsIn(steps: string): object {
  const results: unknown = JSON.parse(steps);
  if (typeof results === 'object' && results !== null) return results;
  throw new Error('the stored steps of an idempotency key are not what this version writes');
}
