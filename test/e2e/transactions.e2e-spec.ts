import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { eventually } from '../support/eventually';
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

describe('work in a transaction', () => {
  it('commits its effect and its record together, and answers a duplicate from the record', async () => {
    const { service, heard } = database.engine();
    const first = await service.run(key, insert, transactional);
    const second = await service.run(key, insert, transactional);
    expect([first, second]).toEqual([
      { kind: 'executed', result: { done: true } },
      { kind: 'replayed', result: { done: true }, origin: undefined },
    ]);
    expect(await database.effectsOf(key)).toBe(1);
    expect((await service.find({ scope, key })).record?.result).toEqual({ done: true });
    expect(heard).toEqual(['acquired', 'completed', 'replayed']);
  });

  it('has neither an effect nor a record if it throws, and is done once by the next run', async () => {
    const { service } = database.engine();
    const failing = service.run(
      key,
      async (context) => {
        await insert(context);
        throw new Error('after the effect');
      },
      transactional,
    );
    await expect(failing).rejects.toThrow('after the effect');
    expect(await database.effectsOf(key)).toBe(0);
    expect(await service.find({ scope, key })).toMatchObject({ record: undefined, countedAttempts: 1 });
    expect(await service.run(key, insert, transactional)).toMatchObject({ kind: 'executed' });
    expect(await database.effectsOf(key)).toBe(1);
  });

  it.each([
    { what: 'an error that is remembered', end: () => Promise.reject(new Error('declined')) },
    { what: 'a result that cannot be recorded', end: () => Promise.resolve(10n) },
  ])('is rolled back, and has a record, after $what', async ({ end }) => {
    const { service } = database.engine();
    const run = () =>
      service.run(
        key,
        async (context): Promise<unknown> => {
          await insert(context);
          return end();
        },
        { ...transactional, rememberError: () => true },
      );
    await expect(run()).rejects.toThrow();
    await expect(run()).rejects.toThrow();
    expect(await database.effectsOf(key)).toBe(0);
    expect(await service.find({ scope, key })).toMatchObject({
      record: { error: expect.anything() },
      attempts: 1,
    });
  });

  it('is rolled back, and frees the key, after a result that is not final', async () => {
    const { service } = database.engine();
    const settings = { ...transactional, rememberResult: () => false };
    expect(await service.run(key, insert, settings)).toMatchObject({ kind: 'executed' });
    expect(await database.effectsOf(key)).toBe(0);
    expect(await service.run(key, insert, transactional)).toMatchObject({ kind: 'executed' });
    expect(await database.effectsOf(key)).toBe(1);
  });

  it('answers a duplicate meanwhile as in progress, without a connection for its work', async () => {
    const [one, other] = [database.engine(), database.engine()];
    const replies: string[] = [];
    const outcome = await one.service.run(
      key,
      async (context) => {
        const result = await insert(context);
        const { totalCount } = database.pool;
        replies.push((await other.service.run(key, insert, transactional)).kind);
        expect(database.pool.totalCount).toBe(totalCount);
        return result;
      },
      transactional,
    );
    expect([outcome.kind, ...replies]).toEqual(['executed', 'failed']);
    expect(other.heard).toEqual(['in-progress']);
    expect(await database.effectsOf(key)).toBe(1);
  });

  it('is not committed if it ends after its time', async () => {
    const { service } = database.engine();
    const steps = new EventEmitter();
    const ended = once(steps, 'ended');
    const run = service.run(
      key,
      async (context) => {
        await insert(context);
        await once(steps, 'late');
        steps.emit('ended');
        return 'late';
      },
      { ...transactional, maxWorkMs: 100 },
    );
    await expect(run).rejects.toThrow('100 ms');
    steps.emit('late');
    await ended;
    // Its connection is free again once the transaction has ended.
    await eventually(() => database.pool.idleCount === database.pool.totalCount);
    expect(await database.effectsOf(key)).toBe(0);
  });

  it('says what to do if the work went on after an error of the database', async () => {
    const run = database.engine().service.run(
      key,
      async ({ transaction }) => {
        await transaction.query('SELECT * FROM no_such_table').catch(() => undefined);
      },
      transactional,
    );
    await expect(run).rejects.toThrow('use a savepoint');
  });
});

describe('context.transaction', () => {
  it('is refused to work without the option', async () => {
    const run = database.engine().service.run(key, insert, { scope });
    await expect(run).rejects.toThrow("it needs the option 'transaction: true'");
  });

  it('has no steps, which would be rolled back with it', async () => {
    const run = database
      .engine()
      .service.run(key, (context) => context.step('reserve', () => insert(context)), transactional);
    await expect(run).rejects.toThrow('work in a transaction has no steps');
  });

  it('is refused before the work if the module has no transactions', async () => {
    const run = database.engine({ transactions: undefined }).service.run(key, insert, transactional);
    await expect(run).rejects.toThrow("transaction: true needs the module's option 'transactions'");
    expect(await database.engine().service.find({ scope, key })).toMatchObject({ attempts: 0 });
  });
});
