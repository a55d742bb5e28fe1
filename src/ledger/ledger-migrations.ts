import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Queryable } from 'nestjs-idempotent';
import { messageOf } from '../text/message-of';
import { LedgerDatabase } from './ledger-database';
import { isAnswer, LedgerMigrationError } from './ledger-errors';

const FOLDER = join(__dirname, 'migrations');
/** Any number that no other program is likely to use. */
const LOCK = 6_117_230_981;
const TRY_AGAIN_MS = 1_000;

const MARKS = `CREATE TABLE IF NOT EXISTS ledger_migrations (
  name text PRIMARY KEY,
  sha256 text NOT NULL,
  run_at timestamptz NOT NULL DEFAULT now()
)`;

interface Migration {
  readonly name: string;
  readonly sql: string;
}

/**
 * Brings the tables up to date at the start, before the first payment is taken: each file of `migrations/` once, in the order
 * of their names, and never back. A file and its mark are one transaction, under a lock that other processes wait for, so a
 * migration is done or not. While PostgreSQL does not answer, it waits, as for the other servers.
 */
@Injectable()
export class LedgerMigrations implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(LedgerMigrations.name);
  private isStopping = false;

  constructor(private readonly database: LedgerDatabase) {}

  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }

  /** @throws LedgerMigrationError naming the migration that cannot run, and why */
  async onModuleInit(): Promise<void> {
    let reported = '';
    while (!this.isStopping) {
      try {
        return await this.run();
      } catch (error) {
        if (error instanceof LedgerMigrationError) throw error;
        if (isAnswer(error))
          throw new LedgerMigrationError(`PostgreSQL refuses what DATABASE_URL says: ${messageOf(error)}`, {
            cause: error,
          });
        const problem = messageOf(error);
        if (problem !== reported) this.logger.warn(`PostgreSQL is not reachable: ${problem}`);
        reported = problem;
        await sleep(TRY_AGAIN_MS);
      }
    }
  }

  private async run(): Promise<void> {
    for (const migration of await filesIn(FOLDER)) {
      const isNew = await this.database.transaction((transaction) => runOnce(transaction, migration));
      if (isNew) this.logger.log(`Ledger: migration ${migration.name} is done`);
    }
  }
}

async function filesIn(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(names.map(async (name) => ({ name, sql: await readFile(join(folder, name), 'utf8') })));
}

/** False if it was done before. */
async function runOnce(transaction: Queryable, { name, sql }: Migration): Promise<boolean> {
  const sha256 = createHash('sha256').update(sql).digest('hex');
  await transaction.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
  await transaction.query(MARKS);
  const { rows } = await transaction.query<{ sha256: string }>(
    'SELECT sha256 FROM ledger_migrations WHERE name = $1',
    [name],
  );
  const [done] = rows;
  if (done) {
    if (done.sha256 === sha256) return false;
    throw new LedgerMigrationError(
      `the ledger's migration ${name} was another text when it ran: a migration that has run must not be changed; ` +
        'add a new file instead',
    );
  }
  try {
    await transaction.query(sql);
  } catch (error) {
    if (!isAnswer(error)) throw error;
    throw new LedgerMigrationError(
      `the ledger's migration ${name} cannot run: ${messageOf(error)}. Nothing of it was kept, and no later one was run. ` +
        'If a part of it was run by hand, remove that part, and start again',
      { cause: error },
    );
  }
  await transaction.query('INSERT INTO ledger_migrations (name, sha256) VALUES ($1, $2)', [name, sha256]);
  return true;
}
