import type { IdempotencyStore, StoreWarning } from '../stores/idempotency-store';
import type { IdempotencyEvents } from './idempotency.events';

/** Looks whether the store works, and reports what is new: a health check may look every second. */
export class StoreProbes {
  private known: readonly string[] = [];

  constructor(
    private readonly store: IdempotencyStore,
    private readonly events: IdempotencyEvents,
  ) {}

  /** @throws StoreUnavailableError */
  async probe(): Promise<readonly StoreWarning[]> {
    const warnings = await this.store.probe();
    const { known } = this;
    this.known = warnings.map(({ message }) => message);
    for (const warning of warnings) if (!known.includes(warning.message)) this.events.emitWarning(warning);
    return warnings;
  }
}
