import { Pool } from 'pg';
import { endSessions } from './ended-sessions';
import type { LedgerEntry, LedgerFacts, LedgerRow } from './history';

interface Row {
  key: string;
  status: string;
  charge_id: string | null;
  minor_units: number;
  currency: string;
}

/** The run's own access to the ledger, past the proxies of the consumers. */
export class PaymentDatabase {
  private readonly pool: Pool;

  constructor(url: string) {
    // It must not wait for ever for a server that is frozen.
    const patience = { connectionTimeoutMillis: 2_000, query_timeout: 10_000 };
    this.pool = new Pool({ connectionString: url, max: 3, ...patience });
    this.pool.on('error', () => undefined);
  }

  /** The status of each of these payments that the ledger has. */
  async statuses(keys: readonly string[]): Promise<Pick<LedgerRow, 'key' | 'status'>[]> {
    return this.rows('SELECT key, status FROM payments WHERE key = ANY($1)', [keys]);
  }

  /** Payments whose outcome comes later, and events that are not published. */
  async unfinished(): Promise<number> {
    const [row] = await this.rows<{ count: number }>(
      `SELECT (SELECT count(*) FROM payments WHERE status = 'processing')::int
         + (SELECT count(*) FROM payment_outbox)::int AS count`,
    );
    return row?.count ?? Number.POSITIVE_INFINITY;
  }

  async facts(): Promise<Omit<LedgerFacts, 'sightings'>> {
    const rows = await this.rows<Row>(
      'SELECT key, status, charge_id, amount_minor_units::float8 AS minor_units, currency FROM payments',
    );
    const [outbox] = await this.rows<{ count: number }>('SELECT count(*)::int AS count FROM payment_outbox');
    return {
      rows: rows.map(({ charge_id: chargeId, minor_units: minorUnits, ...row }) => {
        return { ...row, chargeId: chargeId ?? undefined, minorUnits };
      }),
      entries: await this.rows<LedgerEntry>('SELECT key, event FROM payment_history ORDER BY id'),
      waitingEvents: outbox?.count ?? Number.POSITIVE_INFINITY,
    };
  }

  endSessions(): Promise<void> {
    return endSessions(this.pool);
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async rows<R extends object>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    return (await this.pool.query<R>(text, [...values])).rows;
  }
}
