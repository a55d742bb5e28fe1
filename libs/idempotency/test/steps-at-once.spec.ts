import { setImmediate as nextTurn } from 'node:timers/promises';
import { diary, Engines, heldWork, scope } from './engine-under-test';
import { engineOn, request, storeWith } from './support/engine';

const key = 'abc-123';
const failure = new Error('the process has failed here');

describe('steps at the same time', () => {
  it('are all stored', async () => {
    const engines = new Engines();
    const { done, step } = diary();
    const names = Array.from({ length: 20 }, (_, number) => `step-${number}`);
    const attempt = () =>
      engines.start().engine.tryRun({ scope, key }, async (context) => {
        const results = await Promise.all(names.map((name) => context.step(name, step(name, name))));
        if (context.attempt === 1) throw failure;
        return results;
      });
    await attempt();
    expect(await attempt()).toMatchObject({ result: names });
    expect(done).toEqual(names);
  });

  it('are saved together if they end while another save is on its way', async () => {
    const engines = new Engines();
    const { step } = diary();
    await engines.start().engine.tryRun({ scope, key }, async (context) => {
      await Promise.all(['a', 'b', 'c', 'd'].map((name) => context.step(name, step(name, name))));
    });
    expect(engines.callsOf('saveSteps').length).toBeLessThan(3);
  });

  it('are saved one after the other, because each save replaces the one before', async () => {
    const saved: string[] = [];
    const first = heldWork<void>();
    const { store } = storeWith((own) => ({
      saveSteps: async (owner, steps) => {
        saved.push(steps);
        if (saved.length === 1) await first.work();
        return own.saveSteps(owner, steps);
      },
    }));
    const { service } = engineOn(store);
    const outcome = service.tryRun(request(), (context) =>
      Promise.all([
        context.step('one', async () => 1),
        first.begun.then(() =>
          Promise.all([context.step('two', async () => 2), context.step('three', async () => 3)]),
        ),
      ]),
    );
    await first.begun;
    await nextTurn();
    expect(saved).toEqual(['{"one":1}']);
    first.end();
    await outcome;
    expect(saved).toEqual(['{"one":1}', '{"one":1,"two":2,"three":3}']);
  });

  it('end before the key is free again when one of them has failed, and are not done again', async () => {
    const engines = new Engines();
    const { done, step } = diary();
    const [fast, slow] = [heldWork<string>(), heldWork<string>()];
    const outcome = engines
      .start()
      .engine.tryRun({ scope, key }, (context) =>
        Promise.all([
          context.step('failing', () => Promise.reject(failure)),
          context.step('fast', fast.work).then(() => context.step('behind-fast', step('behind-fast', 1))),
          context.step('slow', slow.work),
        ]),
      );
    await slow.begun;
    await nextTurn();
    fast.end('fast result');
    await nextTurn();
    const early = engines.start().engine.tryRun({ scope, key }, async () => 'too early');
    expect(await early).toMatchObject({ kind: 'failed', code: 'in-progress' });
    slow.end('slow result');
    expect(await outcome).toMatchObject({ kind: 'failed', code: 'work-failed', error: failure });
    const next = await engines
      .start()
      .engine.tryRun({ scope, key }, async (context) => [
        await context.step('fast', step('fast', 'again')),
        await context.step('slow', step('slow', 'again')),
      ]);
    expect(next).toEqual({ kind: 'executed', result: ['fast result', 'slow result'] });
    expect(done).toEqual([]);
  });
});
