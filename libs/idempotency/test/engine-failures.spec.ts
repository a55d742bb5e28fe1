import { LeaseLostError, RememberedError, StoreUnavailableError } from '../src';
import { countedWork, Engines, errorOfRun, heldWork, kindsOf, LEASE_MS, scope } from './engine-under-test';
import { instantWaits } from './instant-waits';

const key = 'abc-123';

jest.mock('node:timers/promises', () => ({ setTimeout: jest.fn() }));

const { advance } = instantWaits();

/** A run whose work continues while its lease ends and `another` process begins. */
async function overtaken(another: (engines: Engines) => Promise<unknown>, request: object = {}) {
  const engines = new Engines();
  const { engine, heard } = engines.start();
  const { work, begun, end, fail } = heldWork<unknown>();
  const late = engine.tryRun({ scope, key, fingerprint: 'A', ...request }, work);
  await begun;
  await engines.clock.advance(LEASE_MS + 1);
  await another(engines);
  return { late, end, fail, heard };
}

describe('a store that does not answer a begin', () => {
  it('starts no work', async () => {
    const engines = new Engines();
    const { engine, heard } = engines.start();
    engines.fail('begin');
    const { work, runs } = countedWork();
    const error = await errorOfRun(engine.run(key, work, { scope }));
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect([runs(), heard]).toEqual([0, [{ scope, key, kind: 'store-unavailable', step: 'begin', error }]]);
  });

  it('leaves the key free and uncounted, even if it had granted the lease', async () => {
    const engines = new Engines();
    const { engine } = engines.start();
    engines.fail('begin', { when: 'after' });
    await errorOfRun(engine.run(key, async () => 1, { scope, payload: 'A' }));
    const attempt = engine.run(key, async (context) => context.attempt, { scope, payload: 'B' });
    expect(await attempt).toEqual({ kind: 'executed', result: 1 });
  });

  it('has its own failure code', async () => {
    const engines = new Engines();
    engines.fail('begin');
    const outcome = await engines.start().engine.tryRun({ scope, key }, async () => 1);
    expect(outcome).toMatchObject({
      kind: 'failed',
      code: 'store-unavailable',
      error: expect.any(StoreUnavailableError),
    });
  });

  it('is distinguished from a fault of this one key', async () => {
    const engines = new Engines();
    const { engine, heard } = engines.start();
    const error = new Error('unreadable');
    engines.fail('begin', { error });
    expect(await engine.tryRun({ scope, key }, async () => 1)).toEqual({
      kind: 'failed',
      code: 'work-failed',
      error,
      attempt: 0,
    });
    expect(kindsOf(heard)).not.toContain('store-unavailable');
  });
});

describe('a store that does not answer a release', () => {
  it('does not replace the error of the work', async () => {
    const engines = new Engines();
    const { engine, heard } = engines.start();
    engines.fail('release');
    const error = new Error('out of stock');
    expect(await errorOfRun(engine.run(key, () => Promise.reject(error), { scope }))).toBe(error);
    expect(heard.at(-1)).toMatchObject({
      kind: 'store-unavailable',
      step: 'release',
      error: expect.any(StoreUnavailableError),
    });
  });
});

describe('a lease that ended during the work', () => {
  const otherWork =
    (result: unknown, fingerprint = 'A') =>
    (engines: Engines) =>
      engines.start().engine.tryRun({ scope, key, fingerprint }, async () => result);

  it.each([
    { what: 'the same result', result: { amount: 1 }, sameResult: true },
    {
      what: 'the same result in another order',
      result: { b: 1, amount: 1 },
      own: { amount: 1, b: 1 },
      sameResult: true,
    },
    { what: 'another result', result: { amount: 2 }, sameResult: false },
    { what: 'null for undefined', result: null, own: undefined, sameResult: true },
    {
      what: 'null for NaN',
      result: { amount: null },
      own: { amount: NaN },
      sameResult: true,
    },
  ])('is answered with the result of the next owner: $what', async ({ result, sameResult, ...ours }) => {
    const { late, end, heard } = await overtaken(otherWork(result));
    end('own' in ours ? ours.own : { amount: 1 });
    expect(await late).toEqual({ kind: 'replayed', result });
    expect(heard.at(-1)).toEqual({ scope, key, kind: 'completion-refused', sameResult });
  });

  it('is answered with the error that the next owner remembered', async () => {
    const { late, end, heard } = await overtaken((engines) =>
      engines
        .start()
        .engine.tryRun({ scope, key, fingerprint: 'A', rememberError: () => true }, () =>
          Promise.reject(new Error('out of stock')),
        ),
    );
    end(null);
    expect(await late).toMatchObject({
      kind: 'remembered-error',
      error: expect.any(RememberedError),
      replayed: true,
    });
    expect(heard.at(-1)).toMatchObject({ kind: 'completion-refused', sameResult: false });
  });

  it('is answered with the result of the next owner, even if its own error is remembered', async () => {
    const { late, fail, heard } = await overtaken(otherWork(null), { rememberError: () => true });
    fail(new Error('out of stock'));
    expect(await late).toEqual({ kind: 'replayed', result: null });
    expect(heard.at(-1)).toMatchObject({ kind: 'completion-refused', sameResult: false });
  });

  it('is not answered with the record of another payload', async () => {
    const { late, end, heard } = await overtaken(async (engines) => {
      await engines.memory.forget({ scope, key });
      return otherWork('B paid', 'B')(engines);
    });
    end('A paid');
    expect(await late).toEqual({ kind: 'failed', code: 'idempotency-key-reused' });
    expect(kindsOf(heard).slice(-2)).toEqual(['completion-refused', 'idempotency-key-reused']);
  });

  it('has no answer if no other owner has stored a record', async () => {
    const { late, end, heard } = await overtaken(async () => undefined);
    end(7);
    expect(await late).toEqual({ kind: 'failed', code: 'lease-lost' });
    expect(heard.at(-1)).toMatchObject({ kind: 'completion-refused', sameResult: undefined });
  });

  it('is never remembered as the end of the work', async () => {
    const { engine } = new Engines().start();
    const everything = { scope, rememberError: () => true };
    const lost = await errorOfRun(engine.run(key, () => Promise.reject(new LeaseLostError()), everything));
    expect(lost).toBeInstanceOf(LeaseLostError);
    expect(await engine.run(key, async () => 1, everything)).toEqual({ kind: 'executed', result: 1 });
  });

  it('leaves the last attempt unfinished, so that another one may follow', async () => {
    const { engine } = new Engines().start();
    const request = { scope, key, maxAttempts: 1 };
    const lost = await engine.tryRun(request, () => Promise.reject(new LeaseLostError()));
    expect(lost).toEqual({ kind: 'failed', code: 'lease-lost' });
    expect(await engine.tryRun(request, async () => 1)).toEqual({ kind: 'executed', result: 1 });
  });

  it('starts no work if it ended before the store had answered, and leaves the key free', async () => {
    const engines = new Engines();
    const { engine } = engines.start();
    const { work, runs } = countedWork();
    const slow = engine.tryRun({ scope, key }, work);
    advance(LEASE_MS);
    expect([await slow, runs()]).toEqual([{ kind: 'failed', code: 'lease-lost' }, 0]);
    expect(await engines.store.find({ scope, key })).toMatchObject({ remainingLeaseMs: undefined });
  });
});
