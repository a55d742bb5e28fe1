import { join } from 'node:path';
import { startPgbouncer } from '../../scripts/services/pgbouncer';
import { removeRun } from '../../scripts/services/runs';
import { given, runFolder } from './isolation';

/** Connections to each database, which all clients share. */
export const POOL_SIZE = 2;

interface Pooler {
  /** The URL of a database of the run's PostgreSQL, through the pooler. */
  readonly urlOf: (databaseUrl: string) => string;
  readonly stop: () => Promise<void>;
}

/** A pgbouncer in transaction mode for the PostgreSQL of the run: that of the environment, or a private one. */
export async function pgbouncer(): Promise<Pooler> {
  const directory = join(runFolder(), 'pgbouncer');
  const server = process.env.PGBOUNCER_URL
    ? { url: process.env.PGBOUNCER_URL, stop: () => Promise.resolve() }
    : await startPgbouncer({ directory, databaseUrl: given('DATABASE_URL'), poolSize: POOL_SIZE });
  return {
    urlOf: (databaseUrl) => {
      const url = new URL(server.url);
      url.pathname = new URL(databaseUrl).pathname;
      return url.href;
    },
    stop: async () => {
      await server.stop();
      removeRun(directory);
    },
  };
}
