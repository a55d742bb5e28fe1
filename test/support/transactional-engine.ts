import type { Pool } from 'pg';
import {
  IdempotencyEvents,
  IdempotencyService,
  type IdempotencyContext,
  type IdempotencyModuleOptions,
  type Transactions,
} from 'nestjs-idempotent';
import { pgTransactions, PostgresIdempotencyStore } from 'nestjs-idempotent/postgres';
import { ownDatabase, poolAt, type OwnDatabase } from './postgres-pool';

/** Options of work in a transaction. */
export const scope = 'transfer';
export const transactional = { scope, transaction: true } as const;

/** Work with one effect. */
export async function insert({ key, transaction }: IdempotencyContext): Promise<{ done: true }> {
  await transaction.query('INSERT INTO effects VALUES ($1, $2)', [key, 1]);
  return { done: true };
}

/** A database with the table of the store, and one for effects. */
export class EffectsDatabase {
  private constructor(
    readonly own: OwnDatabase,
    /** For work: not the one of the store. */
    readonly pool: Pool,
    readonly store: PostgresIdempotencyStore,
  ) {}

  static async create(): Promise<EffectsDatabase> {
    const own = await ownDatabase();
    const store = new PostgresIdempotencyStore(own.pool);
    await store.migrate();
    await own.pool.query('CREATE TABLE effects (key text NOT NULL, value integer NOT NULL)');
    return new EffectsDatabase(own, poolAt(own.url), store);
  }

  /** The engine of one process, and its events. */
  engine(options: Partial<IdempotencyModuleOptions> = {}): {
    readonly service: IdempotencyService;
    readonly heard: string[];
  } {
    const events = new IdempotencyEvents();
    const heard: string[] = [];
    events.on(({ kind }) => heard.push(kind));
    const all = { store: this.store, transactions: this.transactions, ttlSeconds: 600, leaseMs: 30_000 };
    return { service: new IdempotencyService(this.store, { ...all, ...options }, events), heard };
  }

  get transactions(): Transactions {
    return pgTransactions(this.pool);
  }

  async effectsOf(key: string): Promise<number> {
    const { rows } = await this.own.pool.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM effects WHERE key = $1',
      [key],
    );
    return rows[0]?.count ?? 0;
  }

  async remove(): Promise<void> {
    await this.pool.end();
    await this.own.remove();
  }
}
