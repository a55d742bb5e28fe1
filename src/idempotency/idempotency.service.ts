import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Claim, Work } from './claim';
import { StoreUnavailableError } from './idempotency.errors';
import { IdempotencyEvents } from './idempotency.events';
import { MODULE_OPTIONS_TOKEN } from './idempotency.module-definition';
import type { IdempotencyModuleOptions } from './idempotency.options';
import { LeasedWork } from './leased-work';
import { errorOf, type Answered, type Declined, type Outcome } from './outcome';
import {
  IdempotencyStore,
  type BeginReply,
  type Finding,
  type LeaseOwner,
  type ScopedKey,
} from './store/idempotency-store';

interface RunningCall {
  readonly fingerprint: string | undefined;
  readonly outcome: Promise<Outcome<unknown>>;
}

/** Between two looks at a busy key. */
const BUSY_POLL_MS = 100;

/** The engine: makes sure that work under one key has its effect once, and that everybody gets its result. */
@Injectable()
export class IdempotencyService {
  private readonly running = new Map<string, RunningCall>();
  private readonly leasedWork: LeasedWork;

  constructor(
    @Inject(IdempotencyStore) private readonly store: IdempotencyStore,
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: IdempotencyModuleOptions,
    private readonly events: IdempotencyEvents,
  ) {
    this.leasedWork = new LeasedWork(store, options, events);
  }

  /**
   * Runs `work` under its idempotency key, or answers from the record of an earlier run. A call that meets a running
   * one of this process gets that one's answer, without a word to the store.
   *
   * The result must be JSON. `work` should make its effect under the same key downstream where it can, because no
   * lease closes the window between an effect and its record.
   *
   * @throws whatever `work` throws; the lease is released first
   * @throws LeaseLostError when the lease was lost during the work and nobody has stored a result yet
   * @throws StoreUnavailableError when the store did not answer: nothing was started, or the result is not recorded
   */
  async run<T>(claim: Claim, work: Work<T>): Promise<Answered<T> | Declined> {
    const outcome = await this.tryRun(claim, work);
    switch (outcome.kind) {
      case 'failed':
      case 'lease-lost':
      case 'store-unavailable':
        throw errorOf(outcome);
      default:
        return outcome;
    }
  }

  /** The same as {@link run}, with failures as data instead of exceptions. */
  async tryRun<T>(claim: Claim, work: Work<T>): Promise<Outcome<T>> {
    const name = `${claim.scope}:${claim.key}`;
    for (let call = this.running.get(name); call; call = this.running.get(name)) {
      if (call.fingerprint === claim.fingerprint) return this.join<T>(claim, call);
      // Which of the two payloads the key belongs to is for the store to say, once the other one is through.
      await call.outcome;
    }
    const outcome = this.beginAndWork(claim, work);
    this.running.set(name, { fingerprint: claim.fingerprint, outcome });
    try {
      return await outcome;
    } finally {
      this.running.delete(name);
    }
  }

  /** What is known of a key: its record, how often it was acquired, whether somebody works on it now. */
  find(name: ScopedKey): Promise<Finding> {
    return this.store.find(name);
  }

  /** Resolves when the store takes writes; rejects with a {@link StoreUnavailableError} otherwise. */
  probeStore(): Promise<void> {
    return this.store.probe();
  }

  private async join<T>(claim: Claim, call: RunningCall): Promise<Outcome<T>> {
    // Same scope, key and fingerprint: the same work, and so the same type of result.
    const outcome = (await call.outcome) as Outcome<T>;
    if (outcome.kind !== 'executed' && outcome.kind !== 'replayed') return outcome;
    this.events.emit(claim, { kind: 'replayed', from: 'running-call', result: outcome.result });
    return { kind: 'replayed', result: outcome.result };
  }

  private async beginAndWork<T>(claim: Claim, work: Work<T>): Promise<Outcome<T>> {
    try {
      const { reply, owner, sentAt } = await this.beginWithPatience(claim);
      switch (reply.kind) {
        case 'acquired':
          return await this.leasedWork.run({ claim, owner, acquisition: reply.acquisition, sentAt, work });
        case 'completed':
          this.events.emit(claim, { kind: 'replayed', from: 'store', result: reply.record.result });
          return { kind: 'replayed', result: reply.record.result as T };
        case 'busy':
        case 'mismatch':
        case 'outside-window':
          this.events.emit(claim, reply);
          return reply;
        default:
          return reply satisfies never;
      }
    } catch (error) {
      if (error instanceof StoreUnavailableError) return { kind: 'store-unavailable', error };
      throw error;
    }
  }

  /** Begins, and while the key is busy looks again for a while: where the owner is about to finish, that is cheapest. */
  private async beginWithPatience(claim: Claim) {
    const owner: LeaseOwner = { scope: claim.scope, key: claim.key, ownerToken: randomUUID() };
    const patientUntil = performance.now() + (claim.busyWaitMs ?? 0);
    for (;;) {
      const sentAt = performance.now();
      const reply = await this.begin(claim, owner);
      if (reply.kind !== 'busy' || sentAt + BUSY_POLL_MS > patientUntil) return { reply, owner, sentAt };
      await sleep(BUSY_POLL_MS);
    }
  }

  private async begin(claim: Claim, owner: LeaseOwner): Promise<BeginReply> {
    try {
      return await this.store.begin({
        ...owner,
        leaseMs: this.options.leaseMs,
        ttlSeconds: this.options.ttlSeconds,
        fingerprint: claim.fingerprint,
        requestedAt: claim.requestedAt,
      });
    } catch (error) {
      this.events.emit(claim, { kind: 'store-unavailable', step: 'begin', error });
      // It may have taken the lease all the same; give it back rather than block the key until it runs out.
      void this.leasedWork.release(owner, 'excused');
      throw error;
    }
  }
}
