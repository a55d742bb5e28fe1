import { AsyncLocalStorage } from 'node:async_hooks';
import type { Outcome } from './outcome';
import { recordableText } from './recordable';
import type { IdempotencyContext } from './run-context';
import type { RunRequest, Serialize, Work } from './run-request';
import type { ScopedKey } from '../stores/idempotency-store';

/** The calls that this process is working on, one for each key. */
export class RunningCalls {
  private readonly calls = new Map<string, RunningCall>();
  /** The call whose work the current code is part of. */
  private readonly around = new AsyncLocalStorage<Place>();

  get(name: ScopedKey): RunningCall | undefined {
    return this.calls.get(nameOf(name));
  }

  /** Whether the current code may wait for the call; false if the call itself waits for the current code. */
  mayAwait({ place }: RunningCall): boolean {
    const caller = this.around.getStore();
    if (caller?.isInside(place)) return false;
    if (caller) place.addCaller(caller);
    return true;
  }

  /** Adds a call for a key that has none; it must be ended. */
  add(call: RunningCall): void {
    const caller = this.around.getStore();
    if (caller) call.place.addCaller(caller);
    this.calls.set(nameOf(call.request), call);
  }

  /** Starts the work of a call, so that calls inside it know where they are. */
  work<T>({ place }: RunningCall, work: Work<T>, context: IdempotencyContext): Promise<T> {
    return this.around.run(place, work, context);
  }

  /** Removes a call, before any caller has its outcome and could change the result. */
  end<T>(call: RunningCall, outcome: Outcome<T, unknown>, serialize: Serialize<T> | undefined): void {
    this.calls.delete(nameOf(call.request));
    call.settle(outcome, serialize);
  }
}

/** One call that this process is working on. */
export class RunningCall {
  readonly place = new Place();
  /** For the callers that wait for its end, if there are any. */
  private awaited: Promise<Outcome<unknown>> | undefined;
  private resolve: ((outcome: Outcome<unknown>) => void) | undefined;
  private isJoined = false;
  /** The result as JSON, for callers that have joined; or why it has none. */
  private kept: { readonly text: string } | { readonly error: unknown } | undefined;

  constructor(
    readonly request: RunRequest,
    private readonly origin: string | undefined,
  ) {}

  /** Resolves with its end. */
  end(): Promise<Outcome<unknown>> {
    this.awaited ??= new Promise((resolve) => {
      this.resolve = resolve;
    });
    return this.awaited;
  }

  /** Its end as another caller gets it, with a copy of the result: no caller can change the result of another one. */
  async join(): Promise<Exclude<Outcome<never, unknown>, { kind: 'executed' }>> {
    this.isJoined = true;
    const outcome = await this.end();
    switch (outcome.kind) {
      case 'executed':
      case 'replayed': {
        const origin = outcome.kind === 'replayed' ? outcome.origin : this.origin;
        if (this.kept && 'text' in this.kept) {
          return { kind: 'replayed', result: JSON.parse(this.kept.text), origin };
        }
        // Such a result is never recorded, so this caller may try again.
        return { kind: 'failed', code: 'work-failed', error: this.kept?.error, attempt: 0 };
      }
      case 'remembered-error':
        return { ...outcome, replayed: true, origin: this.origin };
      case 'failed':
        return outcome;
      default:
        return outcome satisfies never;
    }
  }

  /** Ends it; copies the result if another caller has joined. */
  settle<T>(end: Outcome<T, unknown>, serialize: Serialize<T> | undefined): void {
    this.place.end();
    if (this.isJoined) this.kept = this.copyOf(end, serialize);
    this.resolve?.(end);
  }

  private copyOf<T>(end: Outcome<T, unknown>, serialize: Serialize<T> | undefined): typeof this.kept {
    if (end.kind !== 'executed' && end.kind !== 'replayed') return undefined;
    try {
      const result = end.kind === 'executed' && serialize ? serialize(end.result) : end.result;
      return { text: recordableText(result, this.request.scope) };
    } catch (error) {
      return { error };
    }
  }
}

/**
 * The place of a call among the others: inside the work of which calls it was made. Timers and sockets that the work opened
 * may hold on to it for long, so it has neither request nor result.
 */
class Place {
  private callers: Set<Place> | undefined;
  private hasEnded = false;

  addCaller(caller: Place): void {
    this.callers ??= new Set();
    this.callers.add(caller);
  }

  /** Whether the other call cannot end before this one: it is the same, or waits for this one, directly or not. */
  isInside(other: Place): boolean {
    if (this.hasEnded) return false;
    if (this === other) return true;
    for (const caller of this.callers ?? []) if (caller.isInside(other)) return true;
    return false;
  }

  end(): void {
    this.hasEnded = true;
    this.callers = undefined;
  }
}

function nameOf({ scope, key }: ScopedKey): string {
  return `${scope}:${key}`;
}
