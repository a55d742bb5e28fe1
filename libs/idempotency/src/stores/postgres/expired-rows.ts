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
  private isDeleting = false;
  /** Why the last try failed. */
  failure: unknown;

  constructor(
    private readonly database: Database,
    private readonly statement: string,
  ) {}

  /** Returns at once, and never throws. */
  deleteSome(): void {
    if (this.isDeleting || performance.now() < this.nextAt) return;
    this.isDeleting = true;
    this.nextAt = performance.now() + PAUSE_MS;
    void this.deleteBatch();
  }

  private async deleteBatch(): Promise<void> {
    try {
      const deleted = await this.database.rowsOf(this.statement, [MOST_AT_ONCE]);
      if (deleted.length === MOST_AT_ONCE) this.nextAt = 0;
      this.failure = undefined;
    } catch (error) {
      // A step that needs the database fails in its own way; that only this one fails is told by the probe.
      this.failure = error;
    } finally {
      this.isDeleting = false;
    }
  }
}
