import type { Database } from './database';

/** So few that the statement is short, and that no other one waits for long. */
const MOST_AT_ONCE = 1_000;
const PAUSE_MS = 1_000;

/**
 * Deletes rows that have expired, while the store is used: a store that claims no keys does not grow. One statement at a time;
 * after a full one the next begin sends another, so that more rows are deleted than are made.
 */
export class ExpiredRows {
  private nextAt = 0;
  private deletion: Promise<void> | undefined;
  /** Why the last try failed. */
  private failure: unknown;

  constructor(
    private readonly database: Database,
    private readonly statement: string,
  ) {}

  /** Returns at once, and never throws. */
  deleteSome(): void {
    if (this.deletion || performance.now() < this.nextAt) return;
    this.nextAt = performance.now() + PAUSE_MS;
    void this.start();
  }

  /** Why rows cannot be deleted; undefined if they can. What failed is tried again: the cause may be gone. */
  async failureNow(): Promise<unknown> {
    if (this.failure !== undefined) await (this.deletion ?? this.start());
    return this.failure;
  }

  private start(): Promise<void> {
    return (this.deletion = this.deleteBatch());
  }

  private async deleteBatch(): Promise<void> {
    try {
      const deleted = await this.database.rowsOf(this.statement, [MOST_AT_ONCE]);
      if (deleted.length === MOST_AT_ONCE) this.nextAt = 0;
      this.failure = undefined;
    } catch (error) {
      // A step that needs the database fails in its own way; that only this one fails is told by the probe.
      this.failure = this.database.failureOf('delete expired rows', error);
    } finally {
      this.deletion = undefined;
    }
  }
}
