import { Engines, kindsOf, scope } from './engine-under-test';

const key = 'abc-123';
const localMemory = { maxEntries: 2, ttlSeconds: 60 };

afterEach(() => {
  jest.restoreAllMocks();
  jest.useRealTimers();
});

describe('the local memory of finished keys', () => {
  it('answers duplicates without asking the store', async () => {
    const engines = new Engines();
    const { engine, heard } = engines.start({ localMemory, origin: () => 'trace-1' });
    await engine.run(key, async () => ({ items: ['one'] }), { scope });
    const again = await engine.run(key, async () => ({ items: ['two'] }), { scope });
    expect(again).toEqual({ kind: 'replayed', result: { items: ['one'] }, origin: 'trace-1' });
    expect(engines.callsOf('begin')).toHaveLength(1);
    expect(heard.at(-1)).toEqual({
      scope,
      key,
      kind: 'replayed',
      from: 'memory',
      result: { items: ['one'] },
      origin: 'trace-1',
    });
  });

  it('is off by default', async () => {
    const engines = new Engines();
    const { engine } = engines.start();
    await engine.run(key, async () => 1, { scope });
    await engine.run(key, async () => 1, { scope });
    expect(engines.callsOf('begin')).toHaveLength(2);
  });

  it('keeps a record of another process, once the store has returned it', async () => {
    const engines = new Engines();
    await engines.start().engine.run(key, async () => 7, { scope });
    const { engine } = engines.start({ localMemory });
    const call = () => engine.run(key, async () => 8, { scope });
    expect([await call(), await call()]).toEqual([1, 2].map(() => ({ kind: 'replayed', result: 7 })));
    expect(engines.callsOf('begin')).toHaveLength(2);
  });

  it('still rejects another payload', async () => {
    const engines = new Engines();
    const { engine, heard } = engines.start({ localMemory });
    await engine.run(key, async () => 1, { scope, payload: 'A' });
    expect(await engine.run(key, async () => 2, { scope, payload: 'B' })).toEqual({
      kind: 'failed',
      code: 'idempotency-key-reused',
    });
    expect(await engine.run(key, async () => 2, { scope, payload: 'A' })).toMatchObject({ result: 1 });
    expect(kindsOf(heard)).toEqual(['acquired', 'completed', 'idempotency-key-reused', 'replayed']);
    expect(engines.callsOf('begin')).toHaveLength(1);
  });

  it('keeps scopes apart', async () => {
    const { engine } = new Engines().start({ localMemory });
    await engine.run(key, async () => 1, { scope });
    expect(await engine.run(key, async () => 2, { scope: 'refund' })).toMatchObject({ result: 2 });
  });

  it('also replays a remembered error', async () => {
    const engines = new Engines();
    const { engine } = engines.start({ localMemory });
    const request = { scope, key, rememberError: () => true };
    const fail = () => engine.tryRun(request, () => Promise.reject(new Error('out of stock')));
    await fail();
    expect(await fail()).toMatchObject({ kind: 'remembered-error', replayed: true });
    expect(engines.callsOf('begin')).toHaveLength(1);
  });

  it('forgets a key together with the store', async () => {
    const { engine } = new Engines().start({ localMemory });
    await engine.run(key, async () => 1, { scope });
    await engine.forget({ scope, key });
    expect(await engine.run(key, async () => 2, { scope })).toEqual({ kind: 'executed', result: 2 });
  });

  it('holds maxEntries keys, and removes the least recently used one first', async () => {
    const engines = new Engines();
    const { engine } = engines.start({ localMemory });
    for (const name of ['one', 'two', 'one', 'three']) await engine.run(name, async () => name, { scope });
    const before = engines.callsOf('begin').length;
    for (const name of ['one', 'three']) await engine.run(name, async () => name, { scope });
    expect(engines.callsOf('begin')).toHaveLength(before);
    await engine.run('two', async () => 'two', { scope });
    expect(engines.callsOf('begin')).toHaveLength(before + 1);
  });

  it('holds them for ttlSeconds', async () => {
    jest.useFakeTimers({ doNotFake: ['performance', 'nextTick', 'setImmediate'] });
    const engines = new Engines();
    const { engine } = engines.start({ localMemory });
    const call = () => engine.run(key, async () => 1, { scope });
    await call();
    jest.advanceTimersByTime(59_000);
    await call();
    expect(engines.callsOf('begin')).toHaveLength(1);
    jest.advanceTimersByTime(2_000);
    await call();
    expect(engines.callsOf('begin')).toHaveLength(2);
  });
});
