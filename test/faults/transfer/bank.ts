import { readFileSync, readlinkSync } from 'node:fs';
import { Pool } from 'pg';
import { PostgresIdempotencyStore } from 'nestjs-idempotent/postgres';
import { endSessions } from '../ended-sessions';
import type { BankFacts, Effect, Look, TakenLease } from './history';
import { accountNames, openingCents, scope } from './transfer';

/** Settings of the server: deadlocks are found soon, and commits that need not be on disk wait for it for long. */
export const bankSettings = { deadlock_timeout: '20ms', wal_writer_delay: '10s' };

/** The key of a double transfer may be there twice. A trigger notes each claim that is written over a running lease. */
const schema = `
CREATE TABLE accounts (id text PRIMARY KEY, balance bigint NOT NULL);
CREATE TABLE transfers (key text NOT NULL, from_id text NOT NULL, to_id text NOT NULL, cents bigint NOT NULL);
CREATE TABLE taken_leases (key text NOT NULL, left_ms bigint NOT NULL);
CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql VOLATILE AS
  'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint';
CREATE FUNCTION note_taken_lease() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO taken_leases VALUES (OLD.key, OLD.held_until - now_ms());
  RETURN NEW;
END $$;
CREATE TRIGGER taken BEFORE UPDATE ON idempotency_keys FOR EACH ROW
  WHEN (OLD.owner <> NEW.owner AND OLD.held_until >= now_ms())
  EXECUTE FUNCTION note_taken_lease();
CREATE FUNCTION end_sessions_in_commit() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE ended integer := 0;
BEGIN
  FOR look IN 1..1000 LOOP
    PERFORM pg_stat_clear_snapshot();
    SELECT count(pg_terminate_backend(pid)) INTO ended FROM pg_stat_activity
      WHERE query = 'COMMIT' AND state = 'active';
    EXIT WHEN ended > 0;
    PERFORM pg_sleep(0.001);
  END LOOP;
  RETURN ended;
END $$;
`;

const look = `
SELECT
  (SELECT sum(balance) FROM accounts)::float8 AS sum,
  (SELECT coalesce(json_agg(key), '[]') FROM transfers) AS done,
  (SELECT coalesce(json_agg(coalesce(t.key, k.key)), '[]')
    FROM (SELECT DISTINCT key FROM transfers) t
    FULL JOIN (
      SELECT key FROM idempotency_keys WHERE scope = '${scope}' AND record IS NOT NULL AND NOT record::jsonb ? 'error'
    ) k ON t.key = k.key
    WHERE t.key IS NULL OR k.key IS NULL) AS halves`;

/** The run's own access to PostgreSQL, past the proxies of the consumers. */
export class Bank {
  private readonly pool: Pool;

  private constructor(url: string) {
    // It must not wait for ever for a server that is frozen.
    const patience = { connectionTimeoutMillis: 2_000, query_timeout: 10_000 };
    this.pool = new Pool({ connectionString: url, max: 3, ...patience });
    this.pool.on('error', () => undefined);
  }

  /** Makes the tables and opens the accounts. */
  static async open(url: string): Promise<Bank> {
    const bank = new Bank(url);
    await new PostgresIdempotencyStore(bank.pool).migrate();
    await bank.pool.query(schema);
    for (const name of accountNames)
      await bank.pool.query('INSERT INTO accounts VALUES ($1, $2)', [name, openingCents]);
    return bank;
  }

  /** One statement, so all of it was true at the same moment. */
  async look(): Promise<Look> {
    const [row] = await this.rows<{ sum: number; done: string[]; halves: string[] }>(look);
    if (!row) throw new Error('PostgreSQL gave no answer');
    return { at: Date.now(), sumCents: row.sum, done: row.done, halves: row.halves };
  }

  async facts(): Promise<BankFacts> {
    const balances = await this.rows<{ id: string; balance: number }>(
      'SELECT id, balance::float8 AS balance FROM accounts',
    );
    const records = await this.rows<{ key: string; result: string; is_error: boolean }>(
      `SELECT key, coalesce((record::jsonb -> 'result')::text, 'null') AS result, record::jsonb ? 'error' AS is_error
       FROM idempotency_keys WHERE scope = '${scope}' AND record IS NOT NULL`,
    );
    return {
      ...(await this.look()),
      balances: new Map(balances.map(({ id, balance }) => [id, balance])),
      effects: await this.rows<Effect>(
        'SELECT key, from_id AS "from", to_id AS "to", cents::float8 AS cents FROM transfers',
      ),
      records: new Map(records.map(({ key, result, is_error: isError }) => [key, { result, isError }])),
      takenLeases: await this.rows<TakenLease>('SELECT key, left_ms::float8 AS "leftMs" FROM taken_leases'),
    };
  }

  /** Keys in progress, messages in the outbox, and transactions that are open. */
  async unfinished(): Promise<string[]> {
    const rows = await this.rows<{ name: string }>(
      `SELECT 'key ' || key AS name FROM idempotency_keys WHERE scope = '${scope}' AND owner IS NOT NULL AND held_until >= now_ms()
       UNION ALL SELECT 'message of ' || key FROM idempotency_outbox
       UNION ALL SELECT 'transaction of process ' || pid FROM pg_stat_activity
       WHERE state LIKE 'idle in transaction%'`,
    );
    return rows.map(({ name }) => name);
  }

  /** Ends all sessions but the one that asks. */
  async endSessions(): Promise<void> {
    await endSessions(this.pool);
  }

  /** Ends the sessions in which COMMIT is running, as soon as there are any. @returns how many; 0 after a second */
  async endSessionsInCommit(): Promise<number> {
    const [row] = await this.rows<{ ended: number }>('SELECT end_sessions_in_commit() AS ended');
    return row?.ended ?? 0;
  }

  /** Whether commits are confirmed before they are on disk. */
  async setCommitsEarly(isEarly: boolean): Promise<void> {
    await this.rows(
      isEarly ? 'ALTER SYSTEM SET synchronous_commit = off' : 'ALTER SYSTEM RESET synchronous_commit',
    );
    await this.rows('SELECT pg_reload_conf()');
  }

  /**
   * Suspends the process that writes such commits to disk, like a disk that does not answer. Without it the last page of
   * the log is lost at most. Elsewhere than on Linux, and in a container, it stays as it is.
   */
  async suspendWalWriter(): Promise<void> {
    const [row] = await this.rows<{ pid: number; folder: string }>(
      `SELECT pid, current_setting('data_directory') AS folder FROM pg_stat_activity WHERE backend_type = 'walwriter'`,
    );
    if (row && isProcessOf(row)) process.kill(row.pid, 'SIGSTOP');
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async rows<Row extends object>(text: string): Promise<Row[]> {
    return (await this.pool.query<Row>(text)).rows;
  }
}

/** In a container, another program of this machine may have the same number. */
function isProcessOf({ pid, folder }: { pid: number; folder: string }): boolean {
  try {
    const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return title.includes('walwriter') && readlinkSync(`/proc/${pid}/cwd`) === folder;
  } catch {
    return false;
  }
}
