import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Pool, type PoolClient, type QueryConfig } from 'pg';
import type { Queryable } from 'nestjs-idempotent';
import { Environment } from '../config/environment';
import { messageOf } from '../text/message-of';
import { isRepeatable } from './ledger-errors';

const CONNECT_TIMEOUT_MS = 2_000;
/** After this time the result of a statement is unknown. */
const STATEMENT_TIMEOUT_MS = 5_000;
/** The server ends a transaction whose process is silent for so long: frozen or cut off, it would keep rows locked. */
const SILENCE_MS = 10_000;
/** Statements of many payments at a time; two at once are enough to keep the server busy. */
const CONNECTIONS = 6;
/** How often a transaction is repeated that the server refuses because of others. */
const MOST_TRIES = 5;
const LONGEST_WAIT_MS = 50;

/** The connections to the ledger's database. */
@Injectable()
export class LedgerDatabase implements OnApplicationShutdown {
  /** For statements about payments. */
  readonly pool: Pool;
  /** For the relay of events, which holds connections while the broker confirms. */
  readonly relayPool: Pool;
  private readonly logger = new Logger(LedgerDatabase.name);

  constructor({ databaseUrl }: Environment) {
    this.pool = this.open(databaseUrl);
    this.relayPool = this.open(databaseUrl);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.pool.end(), this.relayPool.end()]);
  }

  /** Sends one statement. Rejects with the error of the driver. */
  async rowsOf<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return repeated(async () => (await this.pool.query<Row>(limited(text, values))).rows);
  }

  /**
   * The same for a statement that comes with each payment: each connection parses and plans it once, under this name. A pooler
   * must know prepared statements, as pgbouncer does since 1.21.
   */
  async preparedRowsOf<Row extends object>(
    name: string,
    text: string,
    values: readonly unknown[],
  ): Promise<Row[]> {
    const statement = { ...limited(text, values), name: `ledger-${name}` };
    return repeated(async () => (await this.pool.query<Row>(statement)).rows);
  }

  /** Commits if `work` resolves. Otherwise the connection is closed, which rolls back whatever state it is in. */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    return repeated(async () => {
      const client = await this.pool.connect();
      try {
        const result = await inTransaction(client, work);
        client.release();
        return result;
      } catch (error) {
        client.release(true);
        throw error;
      }
    });
  }

  private open(connectionString: string): Pool {
    const pool = new Pool({
      connectionString,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      max: CONNECTIONS,
      keepAlive: true,
      application_name: 'payment-consumer',
    });
    // Of idle connections; without a listener one would end the process.
    pool.on('error', (error) => this.logger.warn(`A connection to PostgreSQL ended: ${messageOf(error)}`));
    // And of those in use, whose statement fails with it.
    pool.on('connect', (client) => client.on('error', ignore));
    return pool;
  }
}

function ignore(): void {}

async function inTransaction<T>(
  client: PoolClient,
  work: (transaction: Queryable) => Promise<T>,
): Promise<T> {
  await client.query(
    limited(
      `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = ${SILENCE_MS}`,
    ),
  );
  const result = await work({
    query: <Row extends object>(text: string, values: readonly unknown[] = []) =>
      client.query<Row>(limited(text, values)),
  });
  await client.query(limited('COMMIT'));
  return result;
}

/** The driver has a time-out for each statement, but its types do not. */
function limited(text: string, values: readonly unknown[] = []): QueryConfig & { query_timeout: number } {
  return { text, ...(values.length > 0 && { values: [...values] }), query_timeout: STATEMENT_TIMEOUT_MS };
}

async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === MOST_TRIES || !isRepeatable(error)) throw error;
      await sleep(Math.random() * LONGEST_WAIT_MS);
    }
  }
}
