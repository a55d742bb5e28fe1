import { EventEmitter, once } from 'node:events';
import {
  IdempotencyEvents,
  IdempotencyService,
  MemoryIdempotencyStore,
  type RunRequest,
  type IdempotencyModuleOptions,
  type IdempotencyStore,
} from '../../src';
import { ManualClock } from '../../src/testing';

export const failure = new Error('the gateway is unavailable');
export const ttlSeconds = 60;

/** A memory store on a manual clock, with some methods replaced. */
export function storeWith(
  replacements: (own: MemoryIdempotencyStore) => Partial<IdempotencyStore> = () => ({}),
) {
  const clock = new ManualClock();
  const own = new MemoryIdempotencyStore({ now: () => clock.now() });
  const store: IdempotencyStore = {
    begin: (request) => own.begin(request),
    complete: (request) => own.complete(request),
    extend: (owner, leaseMs) => own.extend(owner, leaseMs),
    loadSteps: (owner) => own.loadSteps(owner),
    saveSteps: (owner, steps) => own.saveSteps(owner, steps),
    replaceRecord: (name, from, to) => own.replaceRecord(name, from, to),
    release: (owner, options) => own.release(owner, options),
    find: (name) => own.find(name),
    forget: (name) => own.forget(name),
    probe: () => own.probe(),
    ...replacements(own),
  };
  return { clock, store };
}

export function engineOn(store: IdempotencyStore, options: Partial<IdempotencyModuleOptions> = {}) {
  const events = new IdempotencyEvents();
  const kinds: string[] = [];
  events.on(({ kind }) => kinds.push(kind));
  const service = new IdempotencyService(store, { store, ttlSeconds, leaseMs: 30_000, ...options }, events);
  return { service, kinds, events };
}

export const request = (fields: Partial<RunRequest> = {}): RunRequest => ({
  scope: 'order',
  key: 'abc',
  fingerprint: 'print',
  ...fields,
});

/** Work that resolves `begun` when it starts, and fails with `fail()`. */
export function failingWork() {
  const steps = new EventEmitter();
  const begun = once(steps, 'begun');
  let runs = 0;
  const work = async (): Promise<never> => {
    runs++;
    const end = once(steps, 'end');
    steps.emit('begun');
    await end;
    throw failure;
  };
  return { work, begun, fail: () => steps.emit('end'), runs: () => runs };
}
