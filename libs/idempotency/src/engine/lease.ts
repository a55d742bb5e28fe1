import { LeaseLostError } from './failure';
import type { IdempotencyEvents } from './idempotency.events';
import type { IdempotencyStore, LeaseOwner } from '../stores/idempotency-store';

/** Renewed at a third of its length, so that two renewals may fail before it runs out. */
const RENEWALS_PER_LEASE = 3;
/** After a failed renewal, how often it is tried again within one lease. */
const RETRIES_PER_LEASE = 10;

/**
 * Renews the leases of one engine when they are due. One timer for all of them: most work ends long before its lease is due,
 * and a timer for each costs more than the rest of the lease.
 */
export class Renewals {
  /** When each is due, by `performance.now()`. */
  private readonly dueAt = new Map<Lease, number>();
  private timer: NodeJS.Timeout | undefined;
  private wakesAt = Infinity;

  constructor(
    readonly store: IdempotencyStore,
    readonly events: IdempotencyEvents,
  ) {}

  plan(lease: Lease, delayMs: number): void {
    const dueAt = performance.now() + delayMs;
    this.dueAt.set(lease, dueAt);
    if (dueAt < this.wakesAt) this.wakeAt(dueAt);
  }

  cancel(lease: Lease): void {
    if (this.dueAt.delete(lease) && this.dueAt.size === 0) this.sleep();
  }

  private wakeAt(at: number): void {
    this.sleep();
    this.wakesAt = at;
    this.timer = setTimeout(() => this.renewDue(), Math.ceil(at - performance.now()));
  }

  private sleep(): void {
    clearTimeout(this.timer);
    this.wakesAt = Infinity;
  }

  private renewDue(): void {
    this.sleep();
    const now = performance.now();
    let next = Infinity;
    for (const [lease, dueAt] of this.dueAt) {
      if (dueAt > now) {
        next = Math.min(next, dueAt);
        continue;
      }
      this.dueAt.delete(lease);
      void lease.renew();
    }
    if (next < this.wakesAt) this.wakeAt(next);
  }
}

/**
 * The exclusive right to work on a key for a while, renewed for as long as the work goes on.
 *
 * Time is monotonic and counted from before the request to the store was sent, so for this process the lease ends no later
 * than for the store. After a freeze, `assertHeld()` notices the end at once, without waiting for a timer.
 */
export class Lease {
  private deadline: number;
  private state: 'held' | 'lost' | 'stopped' | 'ended' = 'held';
  /** Why it may not be used any more: it was lost or stopped. */
  private reason: Error | undefined;
  private controller: AbortController | undefined;

  constructor(
    private readonly renewals: Renewals,
    readonly owner: LeaseOwner,
    readonly leaseMs: number,
    acquiredAt: number,
  ) {
    this.deadline = acquiredAt + leaseMs;
    renewals.plan(this, leaseMs / RENEWALS_PER_LEASE);
  }

  /** Aborted with a {@link LeaseLostError} when the lease is lost, or with the reason for which it was stopped. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.reason) this.controller.abort(this.reason);
    return this.controller.signal;
  }

  get remainingMs(): number {
    return this.state === 'held' ? this.unusedMs : 0;
  }

  /** The time until it runs out in the store, in ms, even if its work may not use it any more. */
  get unusedMs(): number {
    return Math.max(0, this.deadline - performance.now());
  }

  /**
   * Call it right before an effect that cannot be undone.
   *
   * @throws LeaseLostError if the lease has run out, or is known to belong to another owner
   * @throws the reason for which it was stopped
   */
  assertHeld(): void {
    if (this.remainingMs <= 0) throw this.lost();
  }

  /** Called when it is not ours any more. Returns the error for the work: why it may not go on. */
  lost(): Error {
    this.lose();
    return this.reason ?? new LeaseLostError();
  }

  /** Tells the work that it may not go on, and ends the renewal. The key stays claimed until it is released or time is over. */
  stop(reason: Error): void {
    this.forbid('stopped', reason);
  }

  get isStopped(): boolean {
    return this.state === 'stopped';
  }

  /** Ends the renewal; the lease is then completed, released or left to run out. */
  end(): void {
    this.renewals.cancel(this);
    if (this.state === 'held') this.state = 'ended';
  }

  /** Called when it is due. Never rejects. */
  async renew(): Promise<void> {
    const { store, events } = this.renewals;
    const sentAt = performance.now();
    try {
      const reply = await store.extend(this.owner, this.leaseMs);
      if (this.state !== 'held') return;
      if (reply === 'lost') return this.lose();
      this.deadline = sentAt + this.leaseMs;
      events.emit(this.owner, { kind: 'lease-renewed' });
      this.renewals.plan(this, this.leaseMs / RENEWALS_PER_LEASE);
    } catch {
      // The store may have renewed it or not. Until our own deadline the lease is ours either way.
      if (this.state !== 'held') return;
      if (this.remainingMs <= 0) return this.lose();
      this.renewals.plan(this, Math.min(this.leaseMs / RETRIES_PER_LEASE, this.remainingMs));
    }
  }

  private lose(): void {
    if (this.forbid('lost', new LeaseLostError()))
      this.renewals.events.emit(this.owner, { kind: 'lease-lost' });
  }

  private forbid(state: 'lost' | 'stopped', reason: Error): boolean {
    if (this.state !== 'held') return false;
    this.state = state;
    this.reason = reason;
    this.renewals.cancel(this);
    this.controller?.abort(reason);
    return true;
  }
}
