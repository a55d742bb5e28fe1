import { InvalidIdempotencyKeyError } from '../src';
import { countedWork, Engines, errorOfRun, heldWork, kindsOf, LEASE_MS, scope } from './engine-under-test';

const key = 'abc-123';
const outOfStock = new Error('out of stock');

describe('a key that is used for the first time', () => {
  it('runs its work and stores the result with the details of the run', async () => {
    const engines = new Engines();
    const { engine } = engines.start({ origin: () => 'trace-1' });
    const outcome = await engine.run(key, async () => ({ total: 7 }), { scope, payload: 'A' });
    expect(outcome).toEqual({ kind: 'executed', result: { total: 7 } });
    const { record } = await engines.store.find({ scope, key });
    expect(record).toEqual({
      processedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      result: { total: 7 },
      fingerprint: expect.stringMatching(/^[\w-]{22}$/),
      origin: 'trace-1',
      fencingToken: 1,
    });
  });

  it('passes the context of the run to the work', async () => {
    const engines = new Engines();
    const { engine } = engines.start();
    await errorOfRun(engine.run(key, () => Promise.reject(outOfStock), { scope }));
    await engines.clock.advance(1_000);
    await engine.run(
      key,
      async (context) => {
        expect(context).toMatchObject({
          scope,
          key,
          attempt: 2,
          fencingToken: 2,
          sinceFirstAttemptMs: 1_000,
          replayed: false,
        });
        expect(context.signal.aborted).toBe(false);
        expect(context.remainingMs).toBeGreaterThan(0);
        expect(context.remainingMs).toBeLessThanOrEqual(LEASE_MS);
        expect(() => context.assertHeld()).not.toThrow();
      },
      { scope },
    );
    expect.assertions(5);
  });

  it('emits its events in order', async () => {
    const { engine, heard } = new Engines().start();
    await engine.run(key, async () => 'done', { scope });
    expect(heard).toEqual([
      { scope, key, kind: 'acquired', attempt: 1, fencingToken: 1 },
      { scope, key, kind: 'completed', fencingToken: 1, result: 'done' },
    ]);
  });

  it('stores null for work that returns nothing', async () => {
    const { engine } = new Engines().start();
    await engine.run(key, async () => undefined, { scope });
    expect(await engine.run(key, async () => undefined, { scope })).toEqual({
      kind: 'replayed',
      result: null,
    });
  });
});

describe('a key with a record', () => {
  it('is answered from it, without running the work', async () => {
    const { engine } = new Engines().start();
    const { work, runs } = countedWork();
    await engine.run(key, work, { scope, payload: 1 });
    expect(await engine.run(key, work, { scope, payload: 1 })).toEqual({ kind: 'replayed', result: 1 });
    expect(runs()).toBe(1);
  });

  it('emits an event with the result and the origin of the run that made it', async () => {
    const engines = new Engines();
    await engines.start({ origin: () => 'trace-1' }).engine.run(key, async () => 7, { scope });
    const { engine, heard } = engines.start({ origin: () => 'trace-2' });
    await engine.run(key, async () => 8, { scope });
    expect(heard).toEqual([{ scope, key, kind: 'replayed', from: 'store', result: 7, origin: 'trace-1' }]);
  });

  it('rejects another payload, and keeps its record', async () => {
    const { engine, heard } = new Engines().start();
    const { work, runs } = countedWork();
    await engine.run(key, work, { scope, payload: 'A' });
    expect(await engine.run(key, work, { scope, payload: 'B' })).toEqual({
      kind: 'failed',
      code: 'idempotency-key-reused',
    });
    expect(await engine.run(key, work, { scope, payload: 'A' })).toEqual({ kind: 'replayed', result: 1 });
    expect([runs(), kindsOf(heard)]).toEqual([
      1,
      ['acquired', 'completed', 'idempotency-key-reused', 'replayed'],
    ]);
  });

  it('is answered to a call that has no payload', async () => {
    const { engine } = new Engines().start();
    await engine.run(key, async () => 1, { scope, payload: 'A' });
    expect(await engine.run(key, async () => 2, { scope })).toEqual({ kind: 'replayed', result: 1 });
  });

  it('treats the payload undefined as a payload, not as none', async () => {
    const { engine } = new Engines().start();
    await engine.run(key, async () => 1, { scope, payload: 'A' });
    expect(await engine.run(key, async () => 2, { scope, payload: undefined })).toEqual({
      kind: 'failed',
      code: 'idempotency-key-reused',
    });
  });

  it('is a different key in another scope', async () => {
    const { engine } = new Engines().start();
    await engine.run(key, async () => 1, { scope });
    expect(await engine.run(key, async () => 2, { scope: 'refund' })).toEqual({
      kind: 'executed',
      result: 2,
    });
  });

  it('can be used again when its record has expired, or after forget()', async () => {
    const engines = new Engines();
    const { engine } = engines.start({ ttlSeconds: 1_000 });
    const { work } = countedWork();
    await engine.run(key, work, { scope, ttlSeconds: 10 });
    await engines.clock.advance(10_000);
    expect((await engine.run(key, work, { scope })).kind).toBe('replayed');
    await engines.clock.advance(1);
    expect(await engine.run(key, work, { scope })).toEqual({ kind: 'executed', result: 2 });
    await engine.forget({ scope, key });
    expect(await engine.run(key, work, { scope })).toEqual({ kind: 'executed', result: 3 });
  });
});

describe('a call with invalid options', () => {
  it.each([
    { what: 'a scope with a colon', options: { scope: 'a:b' }, problem: 'scope must be' },
    {
      what: 'a record that lives half a second',
      options: { scope, ttlSeconds: 0.5 },
      problem: 'ttlSeconds must be',
    },
    { what: 'a lease of 0 ms', options: { scope, leaseMs: 0 }, problem: 'leaseMs must be' },
  ])('is rejected before its work starts: $what', async ({ options, problem }) => {
    const { work, runs } = countedWork();
    const error = await errorOfRun(new Engines().start().engine.run(key, work, options));
    expect(error).toMatchObject({ message: expect.stringContaining(problem) });
    expect(error).toMatchObject({ message: expect.stringContaining('options of run()') });
    expect(runs()).toBe(0);
  });

  it('is rejected for its key', async () => {
    const { work, runs } = countedWork();
    const error = await errorOfRun(new Engines().start().engine.run('two words', work, { scope }));
    expect(error).toBeInstanceOf(InvalidIdempotencyKeyError);
    expect(error).toMatchObject({ message: expect.stringContaining('call of run()') });
    expect(runs()).toBe(0);
  });

  it.each([{ ttlSeconds: 0 }, { leaseMs: 1.5 }])('fails the start for the module options %j', (options) => {
    expect(() => new Engines().start(options)).toThrow('IdempotencyModule: ');
  });
});

describe('a request made so long ago that its record may be gone', () => {
  it('is rejected, and emits an event', async () => {
    const engines = new Engines();
    const { engine, heard } = engines.start({ ttlSeconds: 60 });
    const request = { scope, key, requestedAt: new Date(engines.clock.now() - 120_000) };
    const { work, runs } = countedWork();
    expect(await engine.tryRun(request, work)).toEqual({
      kind: 'failed',
      code: 'outside-deduplication-window',
    });
    expect([runs(), kindsOf(heard)]).toEqual([0, ['outside-deduplication-window']]);
  });
});

describe('find()', () => {
  it('finds nothing, the lease of the owner, or the record', async () => {
    const { engine } = new Engines().start();
    const held = heldWork<number>();
    const unknown = await engine.find({ scope, key });
    const run = engine.run(key, held.work, { scope });
    await held.begun;
    const inProgress = await engine.find({ scope, key });
    held.end(7);
    await run;
    const finished = await engine.find({ scope, key });
    expect([unknown, inProgress, finished]).toMatchObject([
      { record: undefined, attempts: 0, remainingLeaseMs: undefined },
      { record: undefined, attempts: 1, remainingLeaseMs: LEASE_MS },
      { record: { result: 7 }, remainingLeaseMs: undefined },
    ]);
  });
});
