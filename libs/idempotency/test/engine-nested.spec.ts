import { NestedCallError, type IdempotencyService } from '../src';
import { countedWork, Engines, errorOfRun, heldWork, scope } from './engine-under-test';

const key = 'abc-123';

/** Calls inside calls, from the outside to the inside; the innermost does `work`. */
function nested<T>(engine: IdempotencyService, keys: readonly string[], work: () => Promise<T>): Promise<T> {
  const [outer, ...inner] = keys;
  if (outer === undefined) return work();
  return resultOf(engine.run<unknown>(outer, () => nested(engine, inner, work), { scope }));
}

async function resultOf<T>(run: Promise<{ kind: string; result?: unknown }>): Promise<T> {
  const outcome = await run;
  if (!('result' in outcome)) throw new Error(outcome.kind);
  return outcome.result as T;
}

describe('a call inside its own work', () => {
  it.each([
    { how: 'directly', keys: [key, key] },
    { how: 'inside a call for another key', keys: [key, 'other', key] },
    { how: 'inside two of them', keys: [key, 'other', 'third', key] },
  ])('fails at once, with scope, key and the way out: $how', async ({ keys }) => {
    const { engine } = new Engines().start();
    const { work, runs } = countedWork();
    const error = await errorOfRun(nested(engine, keys, work));
    expect(error).toBeInstanceOf(NestedCallError);
    expect(error).toMatchObject({
      code: 'work-failed',
      message: expect.stringMatching(/'abc-123' in scope 'order'.*without run\(\)/),
    });
    expect(runs()).toBe(0);
  });

  it('fails for another payload, too', async () => {
    const { engine } = new Engines().start();
    const inner = () => engine.run(key, async () => 1, { scope, payload: 'B' });
    const error = await errorOfRun(engine.run(key, inner, { scope, payload: 'A' }));
    expect(error).toBeInstanceOf(NestedCallError);
  });

  it('leaves the key free, so that the corrected work runs', async () => {
    const { engine } = new Engines().start();
    await errorOfRun(nested(engine, [key, key], async () => 1));
    expect(await engine.run(key, async () => 2, { scope })).toEqual({ kind: 'executed', result: 2 });
  });

  it('is a failure that says that nothing was started', async () => {
    const { engine } = new Engines().start();
    const outcome = await engine.run(key, () => engine.tryRun({ scope, key }, async () => 1), {
      scope,
      rememberResult: () => false,
    });
    expect(outcome).toMatchObject({
      result: { kind: 'failed', code: 'work-failed', attempt: 0, error: expect.any(NestedCallError) },
    });
  });

  it('fails instead of waiting for a call that waits for it', async () => {
    const { engine } = new Engines().start();
    const [one, two] = [heldWork<void>(), heldWork<void>()];
    const crossing = (held: typeof one, from: string, to: string) =>
      engine.run<unknown>(from, () => held.work().then(() => nested(engine, [to], async () => 1)), { scope });
    const calls = [crossing(one, 'one', 'two'), crossing(two, 'two', 'one')];
    await Promise.all([one.begun, two.begun]);
    one.end();
    two.end();
    const errors = await Promise.all(calls.map(errorOfRun));
    expect(errors).toEqual([expect.any(NestedCallError), expect.any(NestedCallError)]);
  });
});

describe('a call that is not inside its own work', () => {
  it('may be made inside the work of another key or scope', async () => {
    const { engine } = new Engines().start();
    expect(await nested(engine, ['one', 'two', 'three'], async () => 7)).toBe(7);
    const inner = () => resultOf<number>(engine.run(key, async () => 8, { scope: 'refund' }));
    expect(await engine.run(key, inner, { scope })).toEqual({ kind: 'executed', result: 8 });
  });

  it('may be made twice inside one work', async () => {
    const { engine } = new Engines().start();
    const { work, runs } = countedWork();
    const twice = () => Promise.all([1, 2].map(() => nested(engine, ['inner'], work)));
    expect(await engine.run(key, twice, { scope })).toEqual({ kind: 'executed', result: [1, 1] });
    expect(runs()).toBe(1);
  });

  it('joins, from outside, a call that was made inside another one', async () => {
    const { engine } = new Engines().start();
    const { work, begun, end } = heldWork<number>();
    const outer = nested(engine, [key, 'inner'], work);
    await begun;
    const joined = engine.run('inner', async () => 8, { scope });
    end(7);
    expect([await outer, await joined]).toEqual([7, { kind: 'replayed', result: 7 }]);
  });

  it('may be made later by code that the work has started and left behind', async () => {
    const { engine } = new Engines().start();
    let later: Promise<unknown> = Promise.resolve();
    const held = heldWork<void>();
    await engine.run(
      key,
      async () => {
        later = held
          .work()
          .then(() => engine.run(key, async () => 2, { scope, rememberResult: () => false }));
      },
      { scope, rememberResult: () => false },
    );
    held.end();
    expect(await later).toEqual({ kind: 'executed', result: 2 });
  });
});
