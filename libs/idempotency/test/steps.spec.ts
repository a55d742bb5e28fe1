import type { IdempotencyContext } from '../src';
import { countedWork, diary, Engines, errorOfRun, heldWork, LEASE_MS, scope } from './engine-under-test';

const key = 'abc-123';
const failure = new Error('the process has failed here');

describe('work in several steps', () => {
  it('goes on behind the last step that is done when an attempt has failed', async () => {
    const engines = new Engines();
    const { done, step } = diary();
    const attempt = (isFailing: boolean) =>
      engines.start().engine.run(
        key,
        async (context) => {
          const reserved = await context.step('reserve', step('reserve', { id: 7 }));
          const charged = await context.step('charge', step('charge', `charged ${reserved.id}`));
          if (isFailing) throw failure;
          return [reserved, charged, await context.step('mail', step('mail', null))];
        },
        { scope },
      );
    expect(await errorOfRun(attempt(true))).toBe(failure);
    expect(await attempt(false)).toEqual({ kind: 'executed', result: [{ id: 7 }, 'charged 7', null] });
    expect(done).toEqual(['reserve', 'charge', 'mail']);
  });

  it('goes on behind the last step that is done when its process has died', async () => {
    const engines = new Engines();
    const { done, step } = diary();
    const died = heldWork<string>();
    const first = engines.start().engine.tryRun({ scope, key }, async (context) => {
      await context.step('reserve', step('reserve', 7));
      return died.work();
    });
    await died.begun;
    await engines.clock.advance(LEASE_MS + 1);
    const outcome = await engines.start().engine.tryRun({ scope, key }, async (context) => {
      const reserved = await context.step('reserve', step('reserve again', 8));
      return context.step('charge', step('charge', reserved + 1));
    });
    expect(outcome).toEqual({ kind: 'executed', result: 8 });
    expect(done).toEqual(['reserve', 'charge']);
    died.end('late');
    expect(await first).toMatchObject({ kind: 'replayed', result: 8 });
  });

  it('keeps its steps over any number of attempts', async () => {
    const engines = new Engines();
    const { done, step } = diary();
    for (let attempt = 1; attempt <= 4; attempt++)
      await engines.start().engine.tryRun({ scope, key }, async (context) => {
        for (let number = 1; number <= attempt; number++)
          await context.step(`step-${number}`, step(`step-${number}`, number));
        throw failure;
      });
    expect(done).toEqual(['step-1', 'step-2', 'step-3', 'step-4']);
  });

  it('keeps its steps after a result that is not final', async () => {
    const engines = new Engines();
    const { done, step } = diary();
    const run = () =>
      engines
        .start()
        .engine.tryRun({ scope, key, rememberResult: (result) => result !== 'later' }, async (context) => {
          await context.step('reserve', step('reserve', 7));
          return context.attempt === 1 ? 'later' : 'done';
        });
    expect([await run(), await run()]).toMatchObject([{ result: 'later' }, { result: 'done' }]);
    expect(done).toEqual(['reserve']);
  });

  it('begins again from the first step when its key was forgotten', async () => {
    const engines = new Engines();
    const { done, step } = diary();
    const { engine } = engines.start();
    const run = () =>
      engine.tryRun({ scope, key }, async (context) => context.step('reserve', step('reserve', 7)));
    await run();
    await engine.forget({ scope, key });
    await run();
    expect(done).toEqual(['reserve', 'reserve']);
  });

  it('runs no step for a replay', async () => {
    const engines = new Engines();
    const { done, step } = diary();
    const run = () =>
      engines
        .start()
        .engine.tryRun({ scope, key }, async (context) => context.step('reserve', step('reserve', 7)));
    expect([await run(), await run()]).toEqual([
      { kind: 'executed', result: 7 },
      { kind: 'replayed', result: 7, origin: undefined },
    ]);
    expect(done).toEqual(['reserve']);
  });

  it('has other steps than work under another key inside it', async () => {
    const engines = new Engines();
    const { engine } = engines.start();
    const { done, step } = diary();
    const inner = (context: IdempotencyContext) => context.step('reserve', step('inner', 'inner'));
    const run = () =>
      engine.tryRun({ scope, key }, async (context) => {
        const outer = await context.step('reserve', step('outer', 'outer'));
        const answer = await engine.run('inner', inner, { scope });
        if (context.attempt === 1) throw failure;
        return [outer, 'result' in answer && answer.result];
      });
    await run();
    expect(await run()).toEqual({ kind: 'executed', result: ['outer', 'inner'] });
    expect(done).toEqual(['outer', 'inner']);
  });
});

describe('the result of a step', () => {
  it('is what JSON makes of it, in the run that did the step and in a later one', async () => {
    const engines = new Engines();
    const at = new Date('2026-01-02T03:04:05Z');
    const seen: unknown[] = [];
    for (let attempt = 1; attempt <= 2; attempt++)
      await engines.start().engine.tryRun({ scope, key }, async (context) => {
        const one = await context.step('one', async () => ({ at, none: undefined, list: [undefined] }));
        const nothing = await context.step('nothing', async () => undefined);
        seen.push([one, nothing]);
        throw failure;
      });
    const json = [{ at: at.toISOString(), list: [null] }, null];
    expect(seen).toEqual([json, json]);
    expect(Object.keys((seen[0] as [object])[0])).toEqual(['at', 'list']);
  });

  it('is the same in the next run, even if this one has changed the object that it got', async () => {
    const engines = new Engines();
    const seen: string[][] = [];
    for (let attempt = 1; attempt <= 3; attempt++)
      await engines.start().engine.tryRun({ scope, key }, async (context) => {
        const lines = await context.step('lines', async () => ['one']);
        seen.push([...lines]);
        lines.push('two');
        await context.step(`later-${attempt}`, async () => attempt);
        throw failure;
      });
    expect(seen).toEqual([['one'], ['one'], ['one']]);
  });

  it('is stored under any name that a scope could have', async () => {
    const engines = new Engines();
    const names = ['__proto__', 'constructor', '"', '\\', '1', 'x'.repeat(64)];
    let runs = 0;
    const attempt = () =>
      engines.start().engine.tryRun({ scope, key }, async (context) => {
        const results = [];
        for (const name of names) results.push(await context.step(name, async () => ({ name, run: ++runs })));
        if (context.attempt === 1) throw failure;
        return results;
      });
    await attempt();
    expect(await attempt()).toMatchObject({ result: names.map((name, at) => ({ name, run: at + 1 })) });
  });
});

describe('the steps that a run asks the store for', () => {
  it('are none without step(), and none before the first attempt has failed', async () => {
    const engines = new Engines();
    const { engine } = engines.start();
    await engine.tryRun({ scope, key: 'without' }, async () => 1);
    expect([engines.callsOf('loadSteps'), engines.callsOf('saveSteps')]).toEqual([[], []]);
    await engine.tryRun({ scope, key }, async (context) => context.step('one', async () => 1));
    expect([engines.callsOf('loadSteps'), engines.callsOf('saveSteps').length]).toEqual([[], 1]);
  });

  it('are loaded once in a later attempt, and only if it has a step', async () => {
    const engines = new Engines();
    const { engine } = engines.start();
    const fail = () => engine.tryRun({ scope, key }, () => Promise.reject(failure));
    await fail();
    await fail();
    expect(engines.callsOf('loadSteps')).toEqual([]);
    await engine.tryRun({ scope, key }, (context) =>
      Promise.all([context.step('one', async () => 1), context.step('two', async () => 2)]),
    );
    expect(engines.callsOf('loadSteps')).toHaveLength(1);
  });
});

describe('the name of a step', () => {
  it.each(['', 'a b', 'a:b', '{a}', 'x'.repeat(65), 'ä'])('is refused: %p', async (name) => {
    const { work, runs } = countedWork();
    const run = new Engines().start().engine.run(key, (context) => context.step(name, work), { scope });
    expect(await errorOfRun(run)).toMatchObject({
      message: expect.stringContaining('the name of a step must be 1 to 64 visible ASCII characters'),
    });
    expect(runs()).toBe(0);
  });

  it('is refused when the run has begun a step of this name, also if an earlier attempt did it', async () => {
    const engines = new Engines();
    const { work, runs } = countedWork();
    for (let attempt = 1; attempt <= 2; attempt++) {
      const run = engines.start().engine.run(
        key,
        async (context) => {
          await context.step('reserve', work);
          return context.step('reserve', work);
        },
        { scope },
      );
      expect(await errorOfRun(run)).toMatchObject({
        message: expect.stringContaining("the step 'reserve' has already begun in this run"),
      });
    }
    expect(runs()).toBe(1);
  });
});
