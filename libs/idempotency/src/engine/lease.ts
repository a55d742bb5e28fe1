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
  private state: 'held' | 'lost' | 'ended' = 'held';
  private timer: NodeJS.Timeout | undefined;
  private controller: AbortController | undefined;

  constructor(
    private readonly store: IdempotencyStore,
    readonly owner: LeaseOwner,
    private readonly leaseMs: number,
    private readonly events: IdempotencyEvents,
    acquiredAt: number,
  ) {
    this.deadline = acquiredAt + leaseMs;
    this.renewIn(leaseMs / RENEWALS_PER_LEASE);
  }

  /** Aborted with a {@link LeaseLostError} when the lease is lost. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.state === 'lost') this.controller.abort(new LeaseLostError());
    return this.controller.signal;
  }

  get remainingMs(): number {
    return this.state === 'held' ? Math.max(0, this.deadline - performance.now()) : 0;
  }

  /**
   * Call it right before an effect that cannot be undone.
   *
   * @throws LeaseLostError if the lease has run out, or is known to belong to another owner
   */
  assertHeld(): void {
    if (this.remainingMs <= 0) {
      this.lose();
      throw new LeaseLostError();
    }
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
    if (this.state !== 'held') return;
    this.state = 'lost';
    clearTimeout(this.timer);
    this.events.emit(this.owner, { kind: 'lease-lost' });
    this.controller?.abort(new LeaseLostError());
  }
}
