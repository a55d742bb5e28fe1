import { AsyncLocalStorage } from 'node:async_hooks';
import type { Outcome } from './outcome';
import { recordableText } from './recordable';
import type { RunRequest, Serialize, Work } from './run-request';
import type { ScopedKey } from '../stores/idempotency-store';

/** A call that is to be started, and where it was made: see `EngineOptions.origin`. */
interface NewCall<T> {
  readonly request: RunRequest;
  readonly origin: string | undefined;
  readonly serialize: Serialize<T> | undefined;
}

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

  /** Starts a call for a key that has none. `run` gets the work in a form that knows which call it belongs to. */
  start<T>(
    call: NewCall<T>,
    work: Work<T>,
    run: (work: Work<T>) => Promise<Outcome<T, unknown>>,
  ): Promise<Outcome<T, unknown>> {
    const place = new Place();
    const caller = this.around.getStore();
    if (caller) place.addCaller(caller);
    const outcome = run((context) => this.around.run(place, work, context));
    const running = new RunningCall(call, place, outcome);
    const name = nameOf(call.request);
    this.calls.set(name, running);
    const ended = () => {
      place.end();
      this.calls.delete(name);
    };
    outcome.then((end) => {
      ended();
      // This is the first reaction to the end, so no caller has been able to change the result.
      running.keep(end, call.serialize);
    }, ended);
    return outcome;
  }
}

/** One call that this process is working on. */
export class RunningCall {
  readonly request: RunRequest;
  private readonly origin: string | undefined;
  private isJoined = false;
  /** The result as JSON, for callers that have joined; or why it has none. */
  private kept: { readonly text: string } | { readonly error: unknown } | undefined;

  constructor(
    { request, origin }: Pick<NewCall<unknown>, 'request' | 'origin'>,
    readonly place: Place,
    private readonly outcome: Promise<Outcome<unknown>>,
  ) {
    this.request = request;
    this.origin = origin;
  }

  /** Resolves when it has ended, whatever its end. */
  async end(): Promise<void> {
    await this.outcome;
  }

  /** Its end as another caller gets it, with a copy of the result: nobody can change the result of somebody else. */
  async join(): Promise<Exclude<Outcome<never, unknown>, { kind: 'executed' }>> {
    this.isJoined = true;
    const outcome = await this.outcome;
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

  /** Copies the result if another caller has joined. */
  keep<T>(end: Outcome<T, unknown>, serialize: Serialize<T> | undefined): void {
    if (!this.isJoined || (end.kind !== 'executed' && end.kind !== 'replayed')) return;
    try {
      const result = end.kind === 'executed' && serialize ? serialize(end.result) : end.result;
      this.kept = { text: recordableText(result, this.request.scope) };
    } catch (error) {
      this.kept = { error };
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
