import { LeaseLostError } from './failure';
import type { IdempotencyEvents } from './idempotency.events';
import type { IdempotencyStore, LeaseOwner } from '../stores/idempotency-store';

/** Renewed at a third of its length, so that two renewals may fail before it runs out. */
const RENEWALS_PER_LEASE = 3;
/** After a failed renewal, how often it is tried again within one lease. */
const RETRIES_PER_LEASE = 10;

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
  private timer: NodeJS.Timeout | undefined;
  private controller: AbortController | undefined;

  constructor(
    private readonly store: IdempotencyStore,
    readonly owner: LeaseOwner,
    readonly leaseMs: number,
    private readonly events: IdempotencyEvents,
    acquiredAt: number,
  ) {
    this.deadline = acquiredAt + leaseMs;
    this.renewIn(leaseMs / RENEWALS_PER_LEASE);
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
    if (this.remainingMs > 0) return;
    this.lose();
    throw this.reason ?? new LeaseLostError();
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
    clearTimeout(this.timer);
    if (this.state === 'held') this.state = 'ended';
  }

  private renewIn(delayMs: number): void {
    this.timer = setTimeout(() => void this.renew(), delayMs);
  }

  private async renew(): Promise<void> {
    const sentAt = performance.now();
    try {
      const reply = await this.store.extend(this.owner, this.leaseMs);
      if (this.state !== 'held') return;
      if (reply === 'lost') return this.lose();
      this.deadline = sentAt + this.leaseMs;
      this.events.emit(this.owner, { kind: 'lease-renewed' });
      this.renewIn(this.leaseMs / RENEWALS_PER_LEASE);
    } catch {
      // The store may have renewed it or not. Until our own deadline the lease is ours either way.
      if (this.state !== 'held') return;
      if (this.remainingMs <= 0) return this.lose();
      this.renewIn(Math.min(this.leaseMs / RETRIES_PER_LEASE, this.remainingMs));
    }
  }

  private lose(): void {
    if (this.forbid('lost', new LeaseLostError())) this.events.emit(this.owner, { kind: 'lease-lost' });
  }

  private forbid(state: 'lost' | 'stopped', reason: Error): boolean {
    if (this.state !== 'held') return false;
    this.state = state;
    this.reason = reason;
    clearTimeout(this.timer);
    this.controller?.abort(reason);
    return true;
  }
}
