import { SpanKind } from '@opentelemetry/api';
import { Histogram, type Registry } from 'prom-client';
import type {
  BeginReply,
  BeginRequest,
  CompleteReply,
  CompleteRequest,
  Finding,
  IdempotencyRecord,
  IdempotencyStore,
  LeaseOwner,
  LoadStepsReply,
  ReleaseOptions,
  ScopedKey,
  StoreWarning,
} from 'nestjs-idempotent';
import { inChildSpan } from '../tracing/spans';

type Step = keyof IdempotencyStore;

/** From a round trip within a data centre to the time-out of a command. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2];

/** Times and traces each step of a store, and counts those that failed. */
export class ObservedStore implements IdempotencyStore {
  private readonly duration: Histogram<'step' | 'result'>;

  constructor(
    private readonly store: IdempotencyStore,
    registry: Registry,
  ) {
    this.duration = new Histogram({
      name: 'idempotency_store_step_duration_seconds',
      help: 'Steps of the idempotency store, each of which is one round trip to Redis.',
      labelNames: ['step', 'result'],
      buckets: SECONDS,
      registers: [registry],
    });
    for (const step of ['begin', 'complete', 'extend', 'release'] as const) {
      this.duration.zero({ step, result: 'ok' });
      this.duration.zero({ step, result: 'failed' });
    }
  }

  begin(request: BeginRequest): Promise<BeginReply> {
    return this.observe('begin', () => this.store.begin(request));
  }

  complete(request: CompleteRequest): Promise<CompleteReply> {
    return this.observe('complete', () => this.store.complete(request));
  }

  extend(owner: LeaseOwner, leaseMs: number): Promise<'extended' | 'lost'> {
    return this.observe('extend', () => this.store.extend(owner, leaseMs));
  }

  loadSteps(owner: LeaseOwner): Promise<LoadStepsReply> {
    return this.observe('loadSteps', () => this.store.loadSteps(owner));
  }

  saveSteps(owner: LeaseOwner, steps: string): Promise<'saved' | 'lost'> {
    return this.observe('saveSteps', () => this.store.saveSteps(owner, steps));
  }

  replaceRecord(
    name: ScopedKey,
    from: IdempotencyRecord,
    to: IdempotencyRecord,
  ): Promise<'replaced' | 'changed'> {
    return this.observe('replaceRecord', () => this.store.replaceRecord(name, from, to));
  }

  release(owner: LeaseOwner, options: ReleaseOptions): Promise<'released' | 'lost'> {
    return this.observe('release', () => this.store.release(owner, options));
  }

  find(name: ScopedKey): Promise<Finding> {
    return this.observe('find', () => this.store.find(name));
  }

  forget(name: ScopedKey): Promise<void> {
    return this.observe('forget', () => this.store.forget(name));
  }

  probe(): Promise<readonly StoreWarning[]> {
    return this.observe('probe', () => this.store.probe());
  }

  private observe<T>(step: Step, work: () => Promise<T>): Promise<T> {
    const attributes = { 'db.system.name': 'redis' };
    return inChildSpan(
      () => ({ name: `idempotency ${step}`, kind: SpanKind.CLIENT, attributes }),
      () => this.time(step, work()),
    );
  }

  private async time<T>(step: Step, reply: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    let result = 'failed';
    try {
      const value = await reply;
      result = 'ok';
      return value;
    } finally {
      this.duration.observe({ step, result }, (performance.now() - startedAt) / 1000);
    }
  }
}
