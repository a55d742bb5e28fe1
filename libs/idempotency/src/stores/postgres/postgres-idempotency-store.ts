import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { messageOf } from '../../engine/failure';
import type { Queryable } from '../../engine/transactions';
import { GatheredCalls } from '../gathered-calls';
import type {
  BeginReply,
  BeginRequest,
  CompleteReply,
  CompleteRequest,
  Finding,
  IdempotencyRecord,
  LeaseOwner,
  LoadStepsReply,
  ReleaseOptions,
  ScopedKey,
  StoreWarning,
  TransactionalStore,
} from '../idempotency-store';
import { beginning, findingOf, remainingLeaseOf, type StoredClaim } from '../stored-claim';
import { fitsRecord } from '../stored-record';
import { beginCall, completeCall, lifeOf, replaceClaimCall, replaceRecordCall } from './calls';
import { Database, requireConnectionTimeout } from './database';
import { ExpiredRows } from './expired-rows';
import { gathered, parametersOf, wasChanged, type StatementCall } from './gathered-statements';
import { createTables, type Table } from './migration';
import { DEFAULT_OUTBOX_TABLE, outboxSchema } from './outbox/outbox-schema';
import { isRepeatable } from './postgres-errors';
import type { PostgresIdempotencyStoreOptions } from './postgres-store.options';
import { DEFAULT_TABLE, postgresSchema, quotedName } from './schema';
import { LIMIT_IDLE_TIME, statementsFor, type Statements } from './statements';
import { readRow, type Stored, type StoredRow } from './stored-row';

/** How often a key is looked at that other owners change or hold at the same moment. */
const MOST_LOOKS = 4;
const LOOK_AGAIN_MS = 10;

interface BegunRow extends StoredRow {
  readonly is_new: boolean;
}

/**
 * Records and claims in one table of PostgreSQL 13 or newer; each step is one statement, or two to take over a key from an
 * earlier owner. The steps of one turn of the event loop share a statement. Nothing is kept in a session, so a pooler such as
 * pgbouncer may give each transaction another connection.
 *
 * The table must exist: call {@link migrate} when the application starts, or run the SQL of `postgresSchema()`. The store
 * deletes expired rows itself, a few at a time, while it is used.
 *
 * @example
 * const pool = new Pool({ connectionString: url, connectionTimeoutMillis: 2_000 });
 * pool.on('error', (error) => logger.warn(error));
 * IdempotencyModule.forRoot({ store: new PostgresIdempotencyStore(pool), ttlSeconds: 86_400, leaseMs: 30_000 })
 */
export class PostgresIdempotencyStore implements TransactionalStore {
  private readonly database: Database;
  private readonly statements: Statements;
  private readonly tables: readonly Table[];
  /** Its name, quoted. */
  private readonly table: string;
  private readonly expired: ExpiredRows;
  private readonly begins: GatheredCalls<StatementCall>;
  private readonly takeovers: GatheredCalls<StatementCall>;
  private readonly completions: GatheredCalls<StatementCall>;
  private readonly extensions: GatheredCalls<StatementCall>;
  private readonly saves: GatheredCalls<StatementCall>;
  private readonly replacements: GatheredCalls<StatementCall>;
  private readonly releases: GatheredCalls<StatementCall>;

  /**
   * @param pool its `connectionTimeoutMillis` must be set, or a step would wait for ever for a database that is down
   * @throws Error if the pool or an option cannot be used
   */
  constructor(pool: Pool, options: PostgresIdempotencyStoreOptions = {}) {
    const { table = DEFAULT_TABLE, outboxTable = DEFAULT_OUTBOX_TABLE, timeoutMs = 5_000 } = options;
    const { preparedStatements = false } = options;
    requireConnectionTimeout(pool, 'PostgresIdempotencyStore');
    if (!(Number.isInteger(timeoutMs) && timeoutMs > 0))
      throw new Error(`PostgresIdempotencyStore: timeoutMs must be a whole number from 1, not ${timeoutMs}`);
    this.tables = [
      { name: table, schema: postgresSchema(table) },
      { name: outboxTable, schema: outboxSchema(outboxTable) },
    ];
    this.table = quotedName(table);
    const statements = (this.statements = statementsFor(this.table));
    const database = (this.database = new Database(pool, this.table, { timeoutMs, preparedStatements }));
    this.expired = new ExpiredRows(database, statements.deleteExpired);
    this.begins = gathered<BegunRow>(database, {
      step: 'begin',
      text: statements.begin,
      repliesOf: (rows) => rows,
    });
    const changing = (step: string, text: string) =>
      gathered(database, { step, text, repliesOf: wasChanged });
    this.takeovers = changing('begin', statements.replaceClaim);
    this.completions = changing('complete', statements.complete);
    this.extensions = changing('extend', statements.extend);
    this.saves = changing('saveSteps', statements.saveSteps);
    this.replacements = changing('replaceRecord', statements.replaceRecord);
    this.releases = changing('release', statements.release);
  }

  /**
   * Creates the table, and that of an outbox, unless they exist; whichever process of the application comes first does it. The
   * role needs the right to create tables only then.
   *
   * @throws Error that says why one cannot be created, and what to do
   */
  async migrate(): Promise<void> {
    await createTables(this.database, this.tables);
  }

  async begin(request: BeginRequest): Promise<BeginReply> {
    this.expired.deleteSome();
    let remainingMs = 0;
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const { isNew, stored } = await this.claimIfNew(request);
      const { record, claim, now } = stored;
      if (record)
        return fitsRecord(record, request.fingerprint)
          ? { kind: 'completed', record }
          : { kind: 'idempotency-key-reused' };
      const begun = beginning(claim, request, now);
      const reply = begun.kind === 'rejected' ? begun.reply : { kind: begun.kind, claim: begun.claim };
      // Not new although nothing was stored: another owner has claimed it since.
      const isDone = begun.kind === 'acquired' ? isNew : begun.stored === claim;
      if (isDone || (begun.stored && (await this.replaceClaim(request, stored, begun)))) return reply;
      remainingMs = (claim && remainingLeaseOf(claim, now)) ?? 0;
      await sleep(LOOK_AGAIN_MS);
    }
    // Others change it each time, or one holds it in a transaction that is about to end.
    return { kind: 'in-progress', remainingMs };
  }

  async complete(request: CompleteRequest): Promise<CompleteReply> {
    const isStored = await this.completions.run(completeCall(request), asBoolean);
    if (isStored) return { kind: 'stored' };
    const { record } = await this.read('complete', request);
    return { kind: 'lost', record };
  }

  async completeIn(transaction: Queryable, request: CompleteRequest): Promise<'stored' | 'lost'> {
    const parameters = parametersOf([completeCall(request)]);
    try {
      const { rows } = await transaction.query(this.statements.complete, parameters);
      return rows.length === 1 ? 'stored' : 'lost';
    } catch (error) {
      if (isRepeatable(error)) throw error;
      throw this.database.failureOf('complete', error);
    }
  }

  async limitIdleTime(transaction: Queryable, idleMs: number): Promise<void> {
    await transaction.query(LIMIT_IDLE_TIME, [String(idleMs)]);
  }

  isRepeatable(error: unknown): boolean {
    return isRepeatable(error);
  }

  async extend(owner: LeaseOwner, leaseMs: number): Promise<'extended' | 'lost'> {
    const call = { name: owner, values: [owner.ownerToken], shared: [leaseMs] };
    return (await this.extensions.run(call, asBoolean)) ? 'extended' : 'lost';
  }

  async loadSteps({ scope, key, ownerToken }: LeaseOwner): Promise<LoadStepsReply> {
    const [row] = await this.step('loadSteps', () =>
      this.database.rowsOf<{ steps: string | null }>(this.statements.loadSteps, [scope, key, ownerToken]),
    );
    return row ? { kind: 'loaded', steps: row.steps ?? undefined } : { kind: 'lost' };
  }

  async saveSteps(owner: LeaseOwner, steps: string): Promise<'saved' | 'lost'> {
    const call = { name: owner, values: [owner.ownerToken, steps], shared: [] };
    return (await this.saves.run(call, asBoolean)) ? 'saved' : 'lost';
  }

  async replaceRecord(name: ScopedKey, from: IdempotencyRecord, to: IdempotencyRecord) {
    const isReplaced = await this.replacements.run(replaceRecordCall(name, from, to), asBoolean);
    return isReplaced ? 'replaced' : 'changed';
  }

  async release(
    owner: LeaseOwner,
    { counting, backoffMs = 0 }: ReleaseOptions,
  ): Promise<'released' | 'lost'> {
    const call = { name: owner, values: [owner.ownerToken, counting, backoffMs], shared: [] };
    return (await this.releases.run(call, asBoolean)) ? 'released' : 'lost';
  }

  async find(name: ScopedKey): Promise<Finding> {
    const { record, claim, now } = await this.read('find', name);
    return findingOf(record, claim, now);
  }

  async forget({ scope, key }: ScopedKey): Promise<void> {
    await this.step('forget', () => this.database.rowsOf(this.statements.forget, [scope, key]));
  }

  async probe(): Promise<readonly StoreWarning[]> {
    await this.step('probe', () => this.database.rowsOf(this.statements.probe, []));
    const failure = await this.expired.failureNow();
    if (failure === undefined) return [];
    const message = `expired rows of ${this.table} are not deleted, so it grows: ${messageOf(failure)}`;
    return [{ code: 'not-deleted', message }];
  }

  /** Claims a key of which nothing is stored, or reads what is. */
  private claimIfNew(request: BeginRequest): Promise<{ isNew: boolean; stored: Stored }> {
    return this.begins.run(beginCall(request), (reply) => {
      const row = reply as BegunRow;
      return { isNew: row.is_new, stored: readRow(row) };
    });
  }

  /** False if what is stored under the key has changed since it was read, or is held in a transaction. */
  private async replaceClaim(
    request: BeginRequest,
    stored: Stored,
    { kind, stored: claim }: { kind: 'acquired' | 'rejected'; stored?: StoredClaim | undefined },
  ): Promise<boolean> {
    const { version, now } = stored;
    if (version === undefined || !claim) return false;
    const endsAt = kind === 'acquired' ? now + lifeOf(request) : stored.endsAt;
    return this.takeovers.run(replaceClaimCall(request, { version, claim, endsAt }), asBoolean);
  }

  private async read(step: string, { scope, key }: ScopedKey): Promise<Stored> {
    const rows = await this.step(step, () =>
      this.database.rowsOf<StoredRow>(this.statements.find, [scope, key]),
    );
    const [row] = rows;
    if (!row) throw new Error(`PostgreSQL gave no reply to '${step}'`);
    return readRow(row);
  }

  private async step<T>(name: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw this.database.failureOf(name, error);
    }
  }
}

function asBoolean(reply: unknown): boolean {
  return reply === true;
}
