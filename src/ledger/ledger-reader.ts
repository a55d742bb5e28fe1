import { Injectable } from '@nestjs/common';
import { isKey } from 'nestjs-idempotent';
import { LedgerDatabase } from './ledger-database';
import { ledgerErrorFrom } from './ledger-errors';
import { paymentFrom, type LedgerPayment, type PaymentRow } from './ledger-payment';
import { COLUMNS, VERSIONED } from './ledger-statements';

/** So few that each page is answered in time, and so many that pages are few. */
const PAGE = 5_000;

const HAS_TABLES = `SELECT to_regclass('ledger_migrations') IS NOT NULL AS exists`;
const BEGINNING = 'SELECT min(run_at) AS at FROM ledger_migrations';

/** $1 keys */
const ROWS = `SELECT ${COLUMNS} FROM ${VERSIONED} WHERE key = ANY($1::text[])`;

/**
 * Newest first. The place where a page ends is a text, because the driver's dates have no microseconds.
 *
 * $1 since  $2, $3 where the page before ended  $4 how many at most
 */
const SEEN_SINCE = `
SELECT key, first_seen_at::text AS place FROM payments
WHERE first_seen_at >= $1 AND ($2::timestamptz IS NULL OR (first_seen_at, key) < ($2::timestamptz, $3::text COLLATE "C"))
ORDER BY first_seen_at DESC, key DESC LIMIT $4`;

/** The same for payments that were processing before they ended; the others end soon after they are first seen. */
const ENDED_LATER_SINCE = `
SELECT key, settled_at::text AS place FROM payments
WHERE processing_since IS NOT NULL
  AND settled_at >= $1 AND ($2::timestamptz IS NULL OR (settled_at, key) < ($2::timestamptz, $3::text COLLATE "C"))
ORDER BY settled_at DESC, key DESC LIMIT $4`;

/** The ledger for comparisons: it reads only. Every method rejects with a LedgerUnavailableError if the database did not answer. */
@Injectable()
export class LedgerReader {
  constructor(private readonly database: LedgerDatabase) {}

  /**
   * When the ledger was switched on: it does not know payments that ended before.
   *
   * @throws Error if it never was
   */
  async beginning(): Promise<Date> {
    const [tables] = await this.read<{ exists: boolean }>('read the tables', HAS_TABLES);
    const [begun] = tables?.exists
      ? await this.read<{ at: Date | null }>('read the beginning', BEGINNING)
      : [];
    if (begun?.at) return begun.at;
    throw new Error(
      'the database of DATABASE_URL has no ledger: it is made when the service starts with the same DATABASE_URL',
    );
  }

  /** The keys of payments that were first seen, or ended after they were processing, since then. */
  async keysSince(since: Date): Promise<Set<string>> {
    const keys = new Set<string>();
    for (const statement of [SEEN_SINCE, ENDED_LATER_SINCE])
      for await (const key of this.pages(statement, since)) keys.add(key);
    return keys;
  }

  /** The payments under these keys, by key, without those that the ledger does not know. */
  async payments(keys: readonly string[]): Promise<Map<string, LedgerPayment>> {
    // What is not a key cannot be in the ledger, and PostgreSQL may refuse it.
    const rows = await this.read<PaymentRow>('read payments', ROWS, [keys.filter(isKey)]);
    return new Map(rows.map((row) => [row.key, paymentFrom(row)]));
  }

  private async *pages(statement: string, since: Date): AsyncGenerator<string> {
    for (let last: { key: string; place: string } | undefined; ;) {
      const values = [since, last?.place ?? null, last?.key ?? null, PAGE];
      const rows = await this.read<{ key: string; place: string }>('read keys', statement, values);
      for (const { key } of rows) yield key;
      last = rows.at(-1);
      if (!last || rows.length < PAGE) return;
    }
  }

  private async read<Row extends object>(
    step: string,
    statement: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    try {
      return await this.database.rowsOf<Row>(statement, values);
    } catch (error) {
      throw ledgerErrorFrom(step, error);
    }
  }
}
