import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from './outcome';
import { recordableText } from './recordable';
import type { IdempotencyContext } from './run-context';
import type { RunRequest, Serialize, Work } from './run-request';
import type { ScopedKey } from '../stores/idempotency-store';

/**
 * Before Node.js 24, an `AsyncLocalStorage` that is used makes every promise of the process slower: measured, a quarter of
 * the CPU time of a run.
 */
const FOLLOWING_IS_CHEAP = Number.parseInt(process.versions.node) >= 24;

/**
 * The calls that this process is working on, one for each key.
 *
 * A call that is made inside the work of its own key, and waits for it, would wait for ever. It is recognised by the
 * asynchronous context of the work, if that is followed: always where it costs little, and everywhere but in production.
 * Otherwise a caller waits for a limited time only, and the first one that has waited in vain lets the contexts be followed.
 */
export class RunningCalls {
  private readonly calls = new Map<string, RunningCall>();
  /** The call whose work the current code is part of. */
  private readonly around = new AsyncLocalStorage<Place>();

  constructor(private follows = FOLLOWING_IS_CHEAP || process.env['NODE_ENV'] !== 'production') {}

  get(name: ScopedKey): RunningCall | undefined {
    return this.calls.size === 0 ? undefined : this.calls.get(nameOf(name));
  }

  /**
   * Waits for the end of a call. `nested`: the call itself waits for the current code. `too-long`: it may be so, and the call
   * has not ended within `patienceMs`.
   */
  async endOf(call: RunningCall, patienceMs: number): Promise<Outcome<unknown> | 'nested' | 'too-long'> {
    const caller = this.around.getStore();
    if (caller?.isInside(call.place)) return 'nested';
    if (caller) call.place.addCaller(caller);
    if (call.isFollowed) return call.end();
    const end = await within(patienceMs, call.end());
    if (end === 'too-long') this.follows = true;
    return end;
  }

  /** Adds a call for a key that has none; it must be ended. */
  add(call: RunningCall): void {
    const caller = this.around.getStore();
    if (caller) call.place.addCaller(caller);
    call.isFollowed = this.follows;
    this.calls.set(call.name, call);
  }

  /** Starts the work of a call, so that calls inside it know where they are. */
  work<T>(call: RunningCall, work: Work<T>, context: IdempotencyContext): Promise<T> {
    return call.isFollowed ? this.around.run(call.place, work, context) : work(context);
  }

  /** Removes a call, before any caller has its outcome and could change the result. */
  end<T>(call: RunningCall, outcome: Outcome<T, unknown>, serialize: Serialize<T> | undefined): void {
    this.calls.delete(call.name);
    call.settle(outcome, serialize);
  }
}

/** One call that this process is working on. */
export class RunningCall {
  readonly place = new Place();
  readonly name: string;
  /** Whether code inside its work knows that it is. */
  isFollowed = false;
  /** For the callers that wait for its end, if there are any. */
  private awaited: Promise<Outcome<unknown>> | undefined;
  private resolve: ((outcome: Outcome<unknown>) => void) | undefined;
  private isJoined = false;
  /** The result as JSON, for callers that have joined; or why it has none. */
  private kept: { readonly text: string } | { readonly error: unknown } | undefined;

  constructor(
    readonly request: RunRequest,
    private readonly origin: string | undefined,
  ) {
    this.name = nameOf(request);
  }

  /** Resolves with its end. */
  end(): Promise<Outcome<unknown>> {
    this.awaited ??= new Promise((resolve) => {
      this.resolve = resolve;
    });
    return this.awaited;
  }

  /** Says that another caller is going to need its result. */
  join(): void {
    this.isJoined = true;
  }

  /** Its end as a caller that has joined gets it, with a copy of the result: no caller can change that of another one. */
  answerTo(outcome: Outcome<unknown>): Exclude<Outcome<never, unknown>, { kind: 'executed' }> {
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
      return { text: recordableText(result, this.request) };
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

async function within<T>(patienceMs: number, end: Promise<T>): Promise<T | 'too-long'> {
  const timer = new AbortController();
  const tooLong = sleep(patienceMs, 'too-long' as const, { signal: timer.signal, ref: false });
  // It rejects when it is not needed any more.
  tooLong.catch(() => undefined);
  try {
    return await Promise.race([end, tooLong]);
  } finally {
    timer.abort();
  }
}
