import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { inspect } from 'node:util';
import type { IdempotencyContext, Transaction, Transactions } from 'nestjs-idempotent';
import { eventually } from './eventually';
import type { LibraryUnderTest } from './library-under-test';
import { EffectsDatabase, scope, transactional } from './transactional-engine';

/**
 * Refuses an insert of the key `refuse-<SQLSTATE>-…`, and not the next one: a sequence is not rolled back. With `late` in place
 * of `refuse`, it refuses the COMMIT.
 */
const REFUSALS = `
CREATE SEQUENCE refusals;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF nextval('refusals') % 2 = 1 THEN RAISE EXCEPTION USING ERRCODE = split_part(NEW.key, '-', 2); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON effects
  FOR EACH ROW WHEN (NEW.key LIKE 'refuse-%') EXECUTE FUNCTION refuse();
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON effects DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.key LIKE 'late-%') EXECUTE FUNCTION refuse()`;

/** What the adapter of any library must do. */
export function describeTransactionsOf(name: string, open: (url: string) => Promise<LibraryUnderTest>): void {
  let database: EffectsDatabase;
  let library: LibraryUnderTest;
  let key: string;

  beforeAll(async () => {
    database = await EffectsDatabase.create();
    await database.own.pool.query(REFUSALS);
    library = await open(database.own.url);
  });
  beforeEach(() => {
    key = randomUUID();
  });
  afterEach(() => eventually(() => library.connectionsInUse() === 0));
  afterAll(async () => {
    await library.close();
    await database.remove();
  });

  const engine = (transactions: Transactions = library.transactions) => database.engine({ transactions });

  /** Work with one effect. */
  async function insert({ key: its, transaction }: IdempotencyContext): Promise<{ done: true }> {
    await library.insert(transaction, its);
    return { done: true };
  }

  /** Ends the session of a transaction, as if its connection was lost. */
  async function cut(transaction: Transaction): Promise<void> {
    const { rows } = await transaction.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await database.own.pool.query('SELECT pg_terminate_backend($1, 10000)', [rows[0]?.pid]);
  }

  /** Transactions in which something happens after the record was written, and before COMMIT. */
  const beforeCommit = (step: (transaction: Transaction) => Promise<unknown>): Transactions => ({
    run: (work) =>
      library.transactions.run(async (transaction) => {
        const result = await work(transaction);
        await step(transaction);
        return result;
      }),
  });

  async function expectNothingDone(): Promise<void> {
    expect(await database.effectsOf(key)).toBe(0);
    expect((await engine().service.find({ scope, key })).record).toBeUndefined();
  }

  async function expectDoneOnceByNextRun(): Promise<void> {
    expect(await engine().service.run(key, insert, transactional)).toMatchObject({ kind: 'executed' });
    expect(await database.effectsOf(key)).toBe(1);
  }

  describe(`a transaction of ${name}`, () => {
    it('commits its effect and its record together, and answers a duplicate from the record', async () => {
      const { service, heard } = engine();
      const first = await service.run(key, insert, transactional);
      const second = await service.run(key, insert, transactional);
      expect([first.kind, second.kind]).toEqual(['executed', 'replayed']);
      expect(await database.effectsOf(key)).toBe(1);
      expect(heard).toEqual(['acquired', 'completed', 'replayed']);
    });

    it('is the same for the library and for single statements, and for no other connection', async () => {
      const outcome = await engine().service.run(
        key,
        async (context) => {
          await insert(context);
          const { rows } = await context.transaction.query(
            'UPDATE effects SET value = 2 WHERE key = $1 RETURNING value',
            [key],
          );
          return { rows, committed: await database.effectsOf(key) };
        },
        transactional,
      );
      expect(outcome).toMatchObject({ result: { rows: [{ value: 2 }], committed: 0 } });
    });

    it('is rolled back if the work throws, and is done once by the next run', async () => {
      const failing = async (context: IdempotencyContext) => {
        await insert(context);
        throw new Error('after the effect');
      };
      await expect(engine().service.run(key, failing, transactional)).rejects.toThrow('after the effect');
      await expectNothingDone();
      await expectDoneOnceByNextRun();
    });

    it.each([
      { code: '40001', of: 'the library', when: 'refuse' },
      { code: '40P01', of: 'the library', when: 'refuse' },
      { code: '40001', of: 'COMMIT', when: 'late' },
    ])('is run again after the error $code of $of', async ({ code, when }) => {
      key = `${when}-${code}-${key}`;
      const { service, heard } = engine();
      expect(await service.run(key, insert, transactional)).toMatchObject({ kind: 'executed' });
      expect(heard).toEqual(['acquired', 'transaction-repeated', 'completed']);
      expect(await database.effectsOf(key)).toBe(1);
    });

    it.each(['40001', '40P01'])('is run again after the error %s of a single statement', async (code) => {
      const { service, heard } = engine();
      const refuse = `DO $$ BEGIN RAISE SQLSTATE '${code}'; END $$`;
      let tries = 0;
      const work = async (context: IdempotencyContext) => {
        if (++tries === 1) await context.transaction.query(refuse);
        return insert(context);
      };
      expect(await service.run(key, work, transactional)).toMatchObject({ kind: 'executed' });
      expect(heard).toEqual(['acquired', 'transaction-repeated', 'completed']);
      expect(await database.effectsOf(key)).toBe(1);
    });

    it('is not taken for done if a statement failed that the work did not wait for', async () => {
      const { service } = engine(
        beforeCommit((transaction) =>
          transaction.query('SELECT * FROM no_such_table').catch(() => undefined),
        ),
      );
      await expect(service.run(key, insert, transactional)).rejects.toThrow('rolled the transaction back');
      await expectNothingDone();
      await expectDoneOnceByNextRun();
    });

    it('is rolled back if its connection is lost during the work, and is done once by the next run', async () => {
      const work = async (context: IdempotencyContext) => {
        await insert(context);
        await cut(context.transaction);
        return insert(context);
      };
      await expect(engine().service.run(key, work, transactional)).rejects.toThrow();
      await expectNothingDone();
      await expectDoneOnceByNextRun();
    });

    it('is rolled back if its connection is lost before COMMIT, and is done once by the next run', async () => {
      const { service } = engine(beforeCommit(cut));
      await expect(service.run(key, insert, transactional)).rejects.toThrow();
      await expectNothingDone();
      await expectDoneOnceByNextRun();
    });

    it('takes single statements with values of any kind', async () => {
      const texts = [`it's`, '"', '{a,b}', '\\', '', 'NULL', null, '$1', '?', ':name', 'ä😀'];
      const json = JSON.stringify({ text: `\0'"\\?$2` });
      const result = await library.transactions.run(async (transaction) => {
        const { rows } = await transaction.query(
          `SELECT $2::text AS json, $1::text[] AS texts, $3::bigint[]::text[] AS numbers, $2::text || '?' AS again,
             $4::bigint IS NULL AS is_null, '{"a":1}'::jsonb ? 'a' AS has_a`,
          [texts, json, [1, null, 2 ** 53 - 1], null],
        );
        return rows;
      });
      const numbers = ['1', null, '9007199254740991'];
      expect(result).toEqual([{ json, texts, numbers, again: `${json}?`, is_null: true, has_a: true }]);
    });

    it('tells no value in the error of a single statement', async () => {
      const run = library.transactions.run((transaction) =>
        transaction.query('SELECT $1::text, 1 / 0', ['secret']),
      );
      const error = await run.catch((thrown: unknown) => inspect(thrown, { depth: 9 }));
      expect(error).toContain('division by zero');
      expect(error).not.toContain('secret');
    });

    it('stores a record of a megabyte, with characters that SQL and JSON escape', async () => {
      const { service } = engine();
      key = `it's"${key}"\\$1?{a,b}`;
      const text = `\0'"\\$1?${'x'.repeat(2 ** 20)}`;
      const work = async (context: IdempotencyContext) => ({ ...(await insert(context)), text });
      const outcomes = [
        await service.run(key, work, transactional),
        await service.run(key, work, transactional),
      ];
      expect(outcomes).toMatchObject([
        { kind: 'executed', result: { text } },
        { kind: 'replayed', result: { text } },
      ]);
    });

    it('has the isolation level that it was asked for', async () => {
      const levelOf = (transactions: Transactions) =>
        transactions.run(async (transaction) => (await transaction.query('SHOW transaction_isolation')).rows);
      expect([await levelOf(library.transactions), await levelOf(library.serializable)]).toEqual([
        [{ transaction_isolation: 'read committed' }],
        [{ transaction_isolation: 'serializable' }],
      ]);
    });

    it('is not part of another one that is open around it', async () => {
      const outer = library.transactions.run(async () => {
        await engine().service.run(key, insert, transactional);
        throw new Error('of the outer one');
      });
      await expect(outer).rejects.toThrow('of the outer one');
      expect(await database.effectsOf(key)).toBe(1);
    });

    it('takes no single statement after the work, when its connection may be in another transaction', async () => {
      let late: Promise<unknown> | undefined;
      const work = async ({ transaction }: IdempotencyContext) => {
        late = once(steps, 'end').then(() => transaction.query('SELECT 1'));
      };
      const steps = new EventEmitter();
      await engine().service.run(key, work, transactional);
      steps.emit('end');
      await expect(late).rejects.toThrow('await each of its statements');
    });
  });
}
