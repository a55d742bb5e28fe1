import { setTimeout as sleep } from 'node:timers/promises';
import { countedWork, Engines, errorOfRun, heldWork, LEASE_MS, scope } from './engine-under-test';

const key = 'abc-123';

const MANY_WAITS = 50;
/** The waits so far, in ms; they take no time. */
const waits: number[] = [];
let now = 0;
/** What else happens during a wait. */
let meanwhile: (waited: number) => void = () => undefined;

jest.mock('node:timers/promises', () => ({ setTimeout: jest.fn() }));

beforeEach(() => {
  waits.length = 0;
  now = 1_000;
  meanwhile = () => undefined;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  jest.mocked(sleep).mockImplementation(async (ms = 0) => {
    if (waits.length >= MANY_WAITS) throw new Error('it waits forever');
    waits.push(ms);
    now += ms;
    meanwhile(waits.length);
  });
});
afterEach(() => jest.restoreAllMocks());

describe('calls for one key at the same time, in one process', () => {
  it('are one run, and one claim in the store', async () => {
    const engines = new Engines();
    const { engine, heard } = engines.start({ origin: () => 'trace-1' });
    const { work, begun, end, runs } = heldWork<number>();
    const call = () => engine.run(key, work, { scope, payload: 1 });
    const calls = [call(), call(), call()];
    await begun;
    end(7);
    expect(await Promise.all(calls)).toEqual([
      { kind: 'executed', result: 7 },
      { kind: 'replayed', result: 7, origin: 'trace-1' },
      { kind: 'replayed', result: 7, origin: 'trace-1' },
    ]);
    expect([runs(), engines.callsOf('begin').length]).toEqual([1, 1]);
    expect(heard.filter(({ kind }) => kind === 'replayed')).toEqual(
      [1, 2].map(() => ({
        scope,
        key,
        kind: 'replayed',
        from: 'running-call',
        result: 7,
        origin: 'trace-1',
      })),
    );
  });

  it('are all replays if the run itself is a replay', async () => {
    const engines = new Engines();
    await engines.start().engine.run(key, async () => 7, { scope });
    const { engine, heard } = engines.start();
    const call = () => engine.run(key, async () => 8, { scope });
    expect(await Promise.all([call(), call()])).toEqual([
      { kind: 'replayed', result: 7 },
      { kind: 'replayed', result: 7 },
    ]);
    expect(engines.callsOf('begin')).toHaveLength(2);
    expect(heard).toMatchObject([
      { kind: 'replayed', from: 'store' },
      { kind: 'replayed', from: 'running-call' },
    ]);
  });

  it('fail together', async () => {
    const { engine } = new Engines().start();
    const { work, begun, fail, runs } = heldWork<number>();
    const calls = [1, 2].map(() => engine.tryRun({ scope, key }, work));
    await begun;
    const error = new Error('out of stock');
    fail(error);
    expect(await Promise.all(calls)).toEqual(
      [1, 2].map(() => ({ kind: 'failed', code: 'work-failed', error, attempt: 1 })),
    );
    expect(runs()).toBe(1);
  });

  it('all get the remembered error, and all except the first one get it as a replay', async () => {
    const { engine } = new Engines().start();
    const { work, begun, fail } = heldWork<number>();
    const request = { scope, key, rememberError: () => true };
    const calls = [1, 2].map(() => engine.tryRun(request, work));
    await begun;
    fail(new Error('out of stock'));
    expect(await Promise.all(calls)).toMatchObject([
      { kind: 'remembered-error', replayed: false },
      { kind: 'remembered-error', replayed: true },
    ]);
  });

  it('are answered by the store if their payloads differ', async () => {
    const engines = new Engines();
    const { engine } = engines.start();
    const { work, begun, end } = heldWork<string>();
    const other = countedWork();
    const first = engine.run(key, work, { scope, payload: 'A' });
    const second = engine.run(key, other.work, { scope, payload: 'B' });
    await begun;
    end('A paid');
    expect(await Promise.all([first, second])).toEqual([
      { kind: 'executed', result: 'A paid' },
      { kind: 'failed', code: 'idempotency-key-reused' },
    ]);
    expect(other.runs()).toBe(0);
  });

  it('run one after the other if the first one was uncounted', async () => {
    const { engine } = new Engines().start();
    const { work, begun, fail } = heldWork<string>();
    const first = engine.tryRun({ scope, key, fingerprint: 'A', uncounted: () => true }, work);
    const second = engine.tryRun({ scope, key, fingerprint: 'B' }, async () => 'B paid');
    await begun;
    fail(new Error('no credentials'));
    expect(await Promise.all([first, second])).toMatchObject([
      { kind: 'failed', code: 'work-failed' },
      { kind: 'executed', result: 'B paid' },
    ]);
  });

  it('share nothing with calls in another scope', async () => {
    const { engine } = new Engines().start();
    const calls = ['order', 'refund'].map((name) => engine.run(key, async () => name, { scope: name }));
    expect(await Promise.all(calls)).toEqual([
      { kind: 'executed', result: 'order' },
      { kind: 'executed', result: 'refund' },
    ]);
  });

  it('are separate calls again once the run has ended, with a result or an error', async () => {
    const { engine } = new Engines().start();
    const { work, runs } = countedWork();
    await errorOfRun(engine.run(key, () => Promise.reject(new Error('no')), { scope }));
    await engine.run(key, work, { scope, rememberResult: () => false });
    await engine.run(key, work, { scope });
    expect(runs()).toBe(2);
  });
});

describe('a key that another process works on', () => {
  it('is in progress for the rest of its lease, without a wait', async () => {
    const engines = new Engines();
    const held = heldWork<number>();
    const run = engines.start().engine.run(key, held.work, { scope });
    await held.begun;
    await engines.clock.advance(1_000);
    const { engine, heard } = engines.start();
    const { work, runs } = countedWork();
    const remainingMs = LEASE_MS - 1_000;
    expect(await engine.run(key, work, { scope })).toEqual({
      kind: 'failed',
      code: 'in-progress',
      remainingMs,
    });
    expect([runs(), waits, heard]).toEqual([0, [], [{ scope, key, kind: 'in-progress', remainingMs }]]);
    held.end(7);
    await run;
  });

  it('is looked at again, less and less often, as long as the caller waits', async () => {
    const engines = new Engines();
    const held = heldWork<number>();
    const run = engines.start().engine.run(key, held.work, { scope });
    await held.begun;
    const { engine } = engines.start();
    const outcome = await engine.run(key, async () => 8, { scope, inProgressWaitMs: 1_550 });
    expect([outcome, waits]).toMatchObject([{ code: 'in-progress' }, [50, 100, 200, 400, 400, 400]]);
    held.end(7);
    await run;
  });

  it('answers the caller that waits until the work ends', async () => {
    const engines = new Engines();
    const held = heldWork<number>();
    const run = engines.start().engine.run(key, held.work, { scope });
    await held.begun;
    meanwhile = (waited) => {
      if (waited === 2) held.end(7);
    };
    const { engine } = engines.start();
    const outcome = await engine.run(key, async () => 8, { scope, inProgressWaitMs: 5_000 });
    await run;
    expect([outcome, waits.slice(0, 2)]).toEqual([{ kind: 'replayed', result: 7 }, [50, 100]]);
  });

  it('is taken over if its owner has not renewed the lease', async () => {
    const engines = new Engines();
    const held = heldWork<number>();
    const run = engines.start().engine.tryRun({ scope, key }, held.work);
    await held.begun;
    await engines.clock.advance(LEASE_MS + 1);
    const { engine } = engines.start();
    expect(await engine.run(key, async () => 8, { scope })).toEqual({ kind: 'executed', result: 8 });
    held.end(7);
    expect(await run).toEqual({ kind: 'replayed', result: 8 });
  });

  it('can have its own leaseMs and ttlSeconds', async () => {
    const engines = new Engines();
    const { engine } = engines.start();
    await engine.run(key, async () => 1, { scope, leaseMs: 77, ttlSeconds: 99 });
    await engine.run('other', async () => 1, { scope });
    expect(engines.callsOf('begin')).toMatchObject([
      { leaseMs: 77, ttlSeconds: 99 },
      { leaseMs: LEASE_MS, ttlSeconds: 60 },
    ]);
    expect(engines.callsOf('complete')).toMatchObject([{ ttlSeconds: 99 }, { ttlSeconds: 60 }]);
  });

  it('gets a new owner token with each claim', async () => {
    const engines = new Engines();
    for (const { engine } of [engines.start(), engines.start()]) {
      await engine.run('one', async () => 1, { scope, rememberResult: () => false });
      await engine.run('two', async () => 1, { scope, rememberResult: () => false });
    }
    const tokens = engines.callsOf('begin').map((request) => (request as { ownerToken: string }).ownerToken);
    expect(new Set(tokens).size).toBe(4);
  });
});
