import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, QueryConfig } from 'pg';
import { failureOf, isRepeatable } from './postgres-errors';

/** How often a statement is sent that the server refuses because of other transactions. */
const MOST_TRIES = 5;
const LONGEST_WAIT_MS = 50;

export type Value = string | number | boolean | null;

/** @throws Error if who waits for a connection of the pool would wait for ever */
export function requireConnectionTimeout(pool: Pool, user: string): void {
  if (!pool.options.connectionTimeoutMillis)
    throw new Error(
      `${user}: set connectionTimeoutMillis of the pool, for example to 2000; without it, a step waits for ever for a database that is down`,
    );
}

/** Sends single statements over a pool, each with a limit of time. */
export class Database {
  /** Of the statements, if they are prepared, by their texts. */
  private readonly names = new Map<string, string>();

  constructor(
    private readonly pool: Pool,
    private readonly table: string,
    private readonly options: { readonly timeoutMs: number; readonly preparedStatements: boolean },
  ) {}

  /** The pool ends a connection whose statement failed or took too long. */
  async rowsOf<Row extends object>(
    text: string,
    values: readonly (Value | readonly Value[])[],
  ): Promise<Row[]> {
    // The driver has a time-out for each statement, but its types do not.
    const statement: QueryConfig & { query_timeout: number } = {
      text,
      values: [...values],
      query_timeout: this.options.timeoutMs,
      // Several statements in one text, which have no values, cannot be prepared.
      ...(this.options.preparedStatements && values.length > 0 && { name: this.nameOf(text) }),
    };
    for (let tries = 1; ; tries++) {
      try {
        return (await this.pool.query<Row>(statement)).rows;
      } catch (error) {
        // Such a statement had no effect; it happens where the default isolation is stricter than "read committed".
        if (tries === MOST_TRIES || !isRepeatable(error)) throw error;
        await sleep(Math.random() * LONGEST_WAIT_MS);
      }
    }
  }

  /** Another text must never have the same name, also that of another version in the same session. */
  private nameOf(text: string): string {
    let name = this.names.get(text);
    if (name === undefined) {
      name = `idempotency-${createHash('sha1').update(text).digest('base64url')}`;
      this.names.set(text, name);
    }
    return name;
  }

  failureOf(step: string, error: unknown): unknown {
    return failureOf(step, this.table, error);
  }
}
