import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client } from 'pg';
import { startPostgresql } from '../../scripts/services/postgresql';
import { removeRun } from '../../scripts/services/runs';
import type { Server } from '../../scripts/services/server';
import { given, runFolder } from './isolation';

interface Database {
  readonly url: string;
  /** Also ends the connections that are still open. */
  drop(): Promise<void>;
}

/**
 * A new, empty database on the PostgreSQL of the run, for one spec.
 *
 * @param options of CREATE DATABASE
 */
export async function freshDatabase(options = ''): Promise<Database> {
  const name = `e2e_${randomUUID().replaceAll('-', '')}`;
  await onServer(`CREATE DATABASE ${name} ${options}`);
  const url = new URL(given('DATABASE_URL'));
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(`DROP DATABASE ${name} WITH (FORCE)`) };
}

/** A role that may do nothing but connect. */
export async function freshRole(): Promise<{ readonly name: string; readonly drop: () => Promise<void> }> {
  const name = `e2e_${randomUUID().replaceAll('-', '')}`;
  await onServer(`CREATE ROLE ${name} LOGIN PASSWORD '${name}'`);
  return { name, drop: () => onServer(`DROP ROLE ${name}`) };
}

async function onServer(statement: string): Promise<void> {
  const client = new Client({ connectionString: given('DATABASE_URL') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

let started = 0;

/** A PostgreSQL that only one spec uses, so that the spec may kill or freeze it. */
export async function privatePostgresql(settings: Record<string, string> = {}): Promise<Server> {
  const directory = join(runFolder(), `postgresql-${++started}`);
  const server = await startPostgresql({ directory, settings });
  return {
    ...server,
    stop: async () => {
      await server.stop();
      removeRun(directory);
    },
  };
}
