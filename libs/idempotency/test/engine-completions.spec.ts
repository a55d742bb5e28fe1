import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailableError } from '../src';
import { Lease } from '../src/engine/lease';
import { countedWork, Engines, kindsOf, scope } from './engine-under-test';
import { MANY_WAITS, instantWaits } from './instant-waits';

const key = 'abc-123';

jest.mock('node:timers/promises', () => ({ setTimeout: jest.fn() }));

const { waits, advance } = instantWaits();

describe('a store that does not answer when the work is done', () => {
  it('is asked again while the lease lasts, and then has the record', async () => {
    const engines = new Engines();
    const { engine, heard } = engines.start();
    engines.fail('complete', { times: 3 });
    expect(await engine.run(key, async () => 7, { scope })).toEqual({ kind: 'executed', result: 7 });
    expect([waits, kindsOf(heard)]).toEqual([
      [200, 200, 200],
      ['acquired', 'store-unavailable', 'store-unavailable', 'store-unavailable', 'completed'],
    ]);
    expect(heard[1]).toMatchObject({ step: 'complete', error: expect.any(StoreUnavailableError) });
    expect(await engine.run(key, async () => 8, { scope })).toEqual({ kind: 'replayed', result: 7 });
  });

  it('is not asked again once the lease could end before its answer', async () => {
    const engines = new Engines();
    const { engine } = engines.start({ leaseMs: 1_000 });
    engines.fail('complete', { times: Infinity });
    const outcome = await engine.tryRun({ scope, key }, async () => 7);
    expect(outcome).toMatchObject({
      kind: 'failed',
      code: 'store-unavailable',
      error: expect.any(StoreUnavailableError),
    });
    expect(waits).toEqual([200, 200, 200, 200]);
    expect(engines.callsOf('release')).toEqual([]);
  });

  it('may have stored the record: then it counts as ours', async () => {
    const engines = new Engines();
    const { engine, heard } = engines.start();
    engines.fail('complete', { when: 'after' });
    expect(await engine.run(key, async () => 7, { scope })).toEqual({ kind: 'executed', result: 7 });
    expect(kindsOf(heard)).toEqual(['acquired', 'store-unavailable', 'completed']);
  });

  it.each([new TypeError('a fault of the store'), 'not even an error'])(
    'is unknown whatever it throws: it is asked again, and then has the record (%p)',
    async (error) => {
      const engines = new Engines();
      const { engine, heard } = engines.start();
      engines.fail('complete', { times: 2, error });
      expect(await engine.run(key, async () => 7, { scope })).toEqual({ kind: 'executed', result: 7 });
      expect(kindsOf(heard)).toEqual(['acquired', 'store-unavailable', 'store-unavailable', 'completed']);
      expect(heard[1]).toMatchObject({ error: expect.any(StoreUnavailableError) });
    },
  );

  it('is never taken for work that was not done: no release, and no second effect while the lease lasts', async () => {
    const engines = new Engines();
    const { engine } = engines.start({ leaseMs: 1_000 });
    const cause = new TypeError('a fault of the store');
    engines.fail('complete', { times: Infinity, error: cause });
    const { work, runs } = countedWork();
    expect(await engine.tryRun({ scope, key }, work)).toMatchObject({
      kind: 'failed',
      code: 'store-unavailable',
      error: { code: 'store-unavailable', cause },
    });
    expect(engines.callsOf('release')).toEqual([]);
    expect(await engine.tryRun({ scope, key }, work)).toMatchObject({ code: 'in-progress' });
    expect(runs()).toBe(1);
  });

  it('is not asked for ever if it renews the lease all the same', async () => {
    const engines = new Engines();
    const { engine } = engines.start({ leaseMs: 1_000 });
    engines.fail('complete', { times: Infinity });
    jest.mocked(sleep).mockImplementation(async (ms = 0) => {
      if (waits.length >= MANY_WAITS) throw new Error('it waits forever');
      waits.push(ms);
      // Its renewal moves the end of the lease on.
      jest.spyOn(Lease.prototype, 'remainingMs', 'get').mockReturnValue(1_000);
      advance(ms);
    });
    const outcome = await engine.tryRun({ scope, key }, async () => 7);
    expect(outcome).toMatchObject({ kind: 'failed', code: 'store-unavailable' });
    expect(waits).toEqual([200, 200, 200, 200]);
  });
});
