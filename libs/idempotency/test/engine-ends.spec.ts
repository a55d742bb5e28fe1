import { RememberedError } from '../src';
import { countedWork, Engines, errorOfRun, kindsOf, scope } from './engine-under-test';

const key = 'abc-123';
const outOfStock = new Error('out of stock');
const everything = { scope, rememberError: () => true };

describe('work that throws', () => {
  it('frees the key, and its error is thrown', async () => {
    const { engine, heard } = new Engines().start();
    expect(await errorOfRun(engine.run(key, () => Promise.reject(outOfStock), { scope }))).toBe(outOfStock);
    expect(kindsOf(heard)).toEqual(['acquired', 'released']);
    expect(await engine.run(key, async () => 1, { scope })).toEqual({ kind: 'executed', result: 1 });
  });

  it('counts as an attempt, and binds the key to its payload', async () => {
    const { engine } = new Engines().start();
    const failing = () => engine.tryRun({ scope, key, fingerprint: 'A' }, () => Promise.reject(outOfStock));
    expect([await failing(), await failing()]).toMatchObject([
      { kind: 'failed', code: 'work-failed', error: outOfStock, attempt: 1 },
      { kind: 'failed', code: 'work-failed', error: outOfStock, attempt: 2 },
    ]);
    expect(await engine.tryRun({ scope, key, fingerprint: 'B' }, async () => 1)).toEqual({
      kind: 'failed',
      code: 'idempotency-key-reused',
    });
  });

  it('leaves only the fencing token if it is uncounted', async () => {
    const { engine } = new Engines().start();
    const uncounted = (error: unknown) => error === outOfStock;
    const request = { scope, key, fingerprint: 'A', uncounted };
    expect(await engine.tryRun(request, () => Promise.reject(outOfStock))).toMatchObject({ attempt: 1 });
    expect(await engine.tryRun(request, () => Promise.reject(new Error('other')))).toMatchObject({
      attempt: 1,
    });
    const fencingToken = await engine.tryRun(request, async (context) => context.fencingToken);
    expect(fencingToken).toEqual({ kind: 'executed', result: 3 });
  });

  it('may be followed by another payload if it was uncounted', async () => {
    const { engine } = new Engines().start();
    const uncounted = () => true;
    await engine.tryRun({ scope, key, fingerprint: 'A', uncounted }, () => Promise.reject(outOfStock));
    const other = await engine.tryRun({ scope, key, fingerprint: 'B' }, async () => 1);
    expect(other).toEqual({ kind: 'executed', result: 1 });
  });
});

describe('an error that is remembered', () => {
  it('is final: duplicates get it, and the work is not run again', async () => {
    const { engine } = new Engines().start();
    const first = engine.run(key, () => Promise.reject(outOfStock), everything);
    expect(await errorOfRun(first)).toBe(outOfStock);
    const again = await errorOfRun(engine.run(key, async () => 1, everything));
    expect(again).toBeInstanceOf(RememberedError);
    expect(again).toMatchObject({ message: 'out of stock' });
  });

  it('says whether it is a replay', async () => {
    const { engine } = new Engines().start();
    const request = { ...everything, key };
    const fail = () => engine.tryRun(request, () => Promise.reject(outOfStock));
    expect([await fail(), await fail()]).toMatchObject([
      { kind: 'remembered-error', error: outOfStock, replayed: false },
      { kind: 'remembered-error', replayed: true },
    ]);
  });
});

describe('a result that is not remembered', () => {
  it('is the answer only to its own request', async () => {
    const { engine, heard } = new Engines().start();
    const { work } = countedWork();
    const nothing = { scope, rememberResult: () => false };
    expect(await engine.run(key, work, nothing)).toEqual({ kind: 'executed', result: 1 });
    expect(await engine.run(key, work, nothing)).toEqual({ kind: 'executed', result: 2 });
    expect(kindsOf(heard)).toEqual(['acquired', 'released', 'acquired', 'released']);
  });

  it('counts as an attempt, even if errors are uncounted', async () => {
    const { engine } = new Engines().start();
    const request = { scope, key, rememberResult: () => false, uncounted: () => true };
    const attempt = () => engine.tryRun(request, async (context) => context.attempt);
    expect([await attempt(), await attempt()]).toMatchObject([{ result: 1 }, { result: 2 }]);
  });

  it('is what remember() decides from the end of the work', async () => {
    const ends: unknown[] = [];
    const rememberResult = (result: unknown) => ends.push({ result }) > 0;
    const rememberError = (error: unknown) => ends.push({ error }) > 0;
    const { engine } = new Engines().start();
    const settings = { scope, rememberResult, rememberError };
    await engine.run('returns', async () => 7, settings);
    await errorOfRun(engine.run('throws', () => Promise.reject(outOfStock), settings));
    expect(ends).toEqual([{ result: 7 }, { error: outOfStock }]);
  });
});
