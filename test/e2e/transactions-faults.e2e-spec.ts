import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { IdempotencyContext, Transactions } from 'nestjs-idempotent';
import { EffectsDatabase, insert, scope, transactional } from '../support/transactional-engine';

let database: EffectsDatabase;
let key: string;

beforeAll(async () => {
  database = await EffectsDatabase.create();
});
beforeEach(() => {
  key = randomUUID();
});
afterAll(() => database.remove());

/** Ends the session of a transaction, as if its connection was lost. */
async function cut({ transaction }: Pick<IdempotencyContext, 'transaction'>): Promise<void> {
  const { rows } = await transaction.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await database.own.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
}

/** Transactions in which something happens after the record was written, and before COMMIT. */
function beforeCommit(
  step: (transaction: IdempotencyContext['transaction']) => Promise<unknown>,
): Transactions {
  const { transactions } = database;
  return {
    run: (work) =>
      transactions.run(async (transaction) => {
        const result = await work(transaction);
        await step(transaction);
        return result;
      }),
  };
}

describe('a transaction that does not end as expected', () => {
  it('is rolled back if its connection is lost during the work, and done once by the next run', async () => {
    const { service } = database.engine();
    const run = service.run(
      key,
      async (context) => {
        await insert(context);
        await cut(context);
        return insert(context);
      },
      transactional,
    );
    await expect(run).rejects.toThrow();
    expect(await database.effectsOf(key)).toBe(0);
    expect(await service.run(key, insert, transactional)).toMatchObject({ kind: 'executed' });
    expect(await database.effectsOf(key)).toBe(1);
  });

  it('is rolled back if its connection is lost before COMMIT: nothing is recorded, and the key is free', async () => {
    const { service, heard } = database.engine({
      transactions: beforeCommit((transaction) => cut({ transaction })),
    });
    await expect(service.run(key, insert, transactional)).rejects.toThrow();
    expect(heard).toEqual(['acquired', 'released']);
    expect(await database.effectsOf(key)).toBe(0);
    const next = database.engine().service;
    expect(await next.run(key, insert, transactional)).toMatchObject({ kind: 'executed' });
    expect(await database.effectsOf(key)).toBe(1);
  });

  it('is done if only the answer to COMMIT was lost', async () => {
    const { transactions } = database;
    const { service, heard } = database.engine({
      transactions: {
        run: async (work) => {
          await transactions.run(work);
          throw new Error('the answer was lost');
        },
      },
    });
    expect(await service.run(key, insert, transactional)).toEqual({
      kind: 'executed',
      result: { done: true },
    });
    expect(heard).toEqual(['acquired', 'completed']);
    expect(await database.effectsOf(key)).toBe(1);
  });

  it('is not taken for done if a statement failed that the work did not wait for', async () => {
    const { service } = database.engine({
      transactions: beforeCommit((transaction) =>
        transaction.query('SELECT * FROM no_such_table').catch(() => undefined),
      ),
    });
    await expect(service.run(key, insert, transactional)).rejects.toThrow('rolled the transaction back');
    expect(await database.effectsOf(key)).toBe(0);
    expect((await service.find({ scope, key })).record).toBeUndefined();
  });

  it('does not count as an attempt if it could not be opened', async () => {
    const transactions: Transactions = { run: () => Promise.reject(new Error('no connection')) };
    const { service, heard } = database.engine({ transactions });
    await expect(service.run(key, insert, transactional)).rejects.toThrow('no connection');
    expect(heard).toEqual(['acquired', 'store-unavailable', 'released']);
    expect(await service.find({ scope, key })).toMatchObject({ attempts: 1, countedAttempts: 0 });
  });
});

describe('an owner that lost its lease', () => {
  const LEASE_MS = 60_000;

  /** Has the effect of time without waiting for it. */
  const endLease = () =>
    database.own.pool.query('UPDATE idempotency_keys SET held_until = 1 WHERE key = $1', [key]);

  it('is rolled back, and answers with the result of the next owner', async () => {
    const [late, next] = [database.engine({ leaseMs: LEASE_MS }), database.engine()];
    const outcome = await late.service.run(
      key,
      async (context) => {
        await insert(context);
        await endLease();
        const other = await next.service.run(
          key,
          async (its) => {
            await its.transaction.query('INSERT INTO effects VALUES ($1, 2)', [key]);
            return 'of the next owner';
          },
          transactional,
        );
        expect(other.kind).toBe('executed');
        return 'late';
      },
      transactional,
    );
    expect(outcome).toMatchObject({ kind: 'replayed', result: 'of the next owner' });
    expect(late.heard).toEqual(['acquired', 'completion-refused']);
    expect(await database.effectsOf(key)).toBe(1);
  });

  it('is rolled back if there is no next owner yet', async () => {
    const { service, heard } = database.engine({ leaseMs: LEASE_MS });
    const run = service.run(
      key,
      async (context) => {
        await insert(context);
        await endLease();
      },
      transactional,
    );
    await expect(run).rejects.toThrow('lease');
    expect(heard).toEqual(['acquired', 'completion-refused']);
    expect(await database.effectsOf(key)).toBe(0);
  });

  it('keeps the key between its record and COMMIT, even when the lease ends in between', async () => {
    const other = database.engine().service;
    const isHeld = async () => (await other.find({ scope, key })).remainingLeaseMs !== undefined;
    const meanwhile: unknown[] = [];
    const owner = database.engine({
      leaseMs: 2_000,
      transactions: beforeCommit(async (transaction) => {
        // Not silent, so the server lets it go on.
        while (await isHeld()) await transaction.query('SELECT 1');
        meanwhile.push(await other.run(key, insert, transactional));
      }),
    });
    expect(await owner.service.run(key, insert, transactional)).toMatchObject({ kind: 'executed' });
    expect(meanwhile).toMatchObject([{ kind: 'failed', code: 'in-progress' }]);
    expect(await database.effectsOf(key)).toBe(1);
  });

  it('does not keep the locks of its work for longer than a lease if it stays silent', async () => {
    const [frozen, next] = [database.engine({ leaseMs: 400 }), database.engine()];
    const steps = new EventEmitter();
    const [silent, thawed] = [once(steps, 'silent'), once(steps, 'thawed')];
    await database.own.pool.query('INSERT INTO effects VALUES ($1, 0)', ['an account']);
    const run = frozen.service.run(
      key,
      async ({ transaction }) => {
        await transaction.query(`UPDATE effects SET value = 1 WHERE key = 'an account'`);
        steps.emit('silent');
        await thawed;
      },
      transactional,
    );
    await silent;
    // Waits for the lock of the silent one.
    const outcome = await next.service.run(
      randomUUID(),
      async ({ transaction }) => {
        await transaction.query(`UPDATE effects SET value = 2 WHERE key = 'an account'`);
      },
      transactional,
    );
    expect(outcome.kind).toBe('executed');
    steps.emit('thawed');
    await expect(run).rejects.toThrow();
    const { rows } = await database.own.pool.query<{ value: number }>(
      `SELECT value FROM effects WHERE key = 'an account'`,
    );
    expect(rows).toEqual([{ value: 2 }]);
  });
});
