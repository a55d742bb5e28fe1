import {
  IdempotencyEvents,
  IdempotencyService,
  MemoryIdempotencyStore,
  StoreUnavailableError,
  type IdempotencyEvent,
  type IdempotencyModuleOptions,
  type IdempotencyStore,
} from '../src';
import { ManualClock } from '../src/testing';

export const scope = 'order';
export const LEASE_MS = 5_000;

type Step = keyof IdempotencyStore;
/** `before`: the step was not taken. `after`: it was taken, and its answer is lost. */
interface Fault {
  readonly step: Step;
  readonly when: 'before' | 'after';
  readonly error: unknown;
  times: number;
}

/** Engines of several processes on one store whose steps can fail. */
export class Engines {
  readonly clock = new ManualClock();
  /** Every call of the store, with its request. */
  readonly calls: { step: Step; request: unknown }[] = [];
  readonly memory = new MemoryIdempotencyStore({ now: () => this.clock.now() });
  readonly store: IdempotencyStore;
  private readonly faults: Fault[] = [];

  constructor() {
    this.store = new Proxy(this.memory, {
      get: (target, step) => {
        const method: unknown = Reflect.get(target, step);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) =>
          this.through(step as Step, args[0], async (): Promise<unknown> =>
            Reflect.apply(method, target, args),
          );
      },
    });
  }

  fail(step: Step, fault: { when?: 'before' | 'after'; times?: number; error?: unknown } = {}): void {
    const unavailable = new StoreUnavailableError(step, new Error('gone'));
    this.faults.push({ step, when: 'before', times: 1, error: unavailable, ...fault });
  }

  callsOf(step: Step): unknown[] {
    return this.calls.flatMap((call) => (call.step === step ? [call.request] : []));
  }

  /** The engine of one process, and its events. */
  start(options: Partial<IdempotencyModuleOptions> = {}): {
    engine: IdempotencyService;
    heard: IdempotencyEvent[];
  } {
    const events = new IdempotencyEvents();
    const heard: IdempotencyEvent[] = [];
    events.on((event) => heard.push(event));
    const { store } = this;
    const engine = new IdempotencyService(
      store,
      { store, ttlSeconds: 60, leaseMs: LEASE_MS, ...options },
      events,
    );
    return { engine, heard };
  }

  private async through(step: Step, request: unknown, take: () => Promise<unknown>): Promise<unknown> {
    this.calls.push({ step, request });
    const fault = this.faults.find((one) => one.step === step && one.times > 0);
    if (!fault) return take();
    fault.times--;
    if (fault.when === 'after') await take();
    throw fault.error;
  }
}

/** Work that resolves `begun` when it begins, and ends by `end` or `fail`. */
export function heldWork<T>() {
  let runs = 0;
  let begin: () => void = () => undefined;
  let end: (result: T) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const ended = new Promise<T>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  const work = (): Promise<T> => {
    runs++;
    begin();
    return ended;
  };
  return { work, begun, end, fail, runs: () => runs };
}

/** Work that counts its runs and returns their number. */
export function countedWork() {
  let runs = 0;
  return { work: async () => ++runs, runs: () => runs };
}

/** Steps that say what they did, over all attempts. */
export function diary() {
  const done: string[] = [];
  const step =
    <T>(name: string, result: T) =>
    async (): Promise<T> => {
      done.push(name);
      return result;
    };
  return { done, step };
}

/** The error with which a run failed; throws if it did not fail. */
export async function errorOfRun(run: Promise<unknown>): Promise<unknown> {
  const outcome = await run.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error(`expected an error, got ${JSON.stringify(outcome.value)}`);
}

/** The kinds of the events, in order. */
export function kindsOf(heard: readonly IdempotencyEvent[]): string[] {
  return heard.map(({ kind }) => kind);
}
