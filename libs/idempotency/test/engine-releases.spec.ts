import { StoreUnavailableError, type StoreWarning } from '../src';
import { engineOn, failure, request, storeWith } from './support/engine';
import { Engines, scope } from './engine-under-test';

const key = 'abc-123';

describe('a function of the application that throws', () => {
  it.each(['backoffMs', 'uncounted'])('is the error of the attempt: %s', async (name) => {
    const { store } = storeWith();
    const fault = new Error('a fault of the application');
    const throws = () => {
      throw fault;
    };
    const outcome = await engineOn(store).service.tryRun(request({ [name]: throws }), () =>
      Promise.reject(failure),
    );
    expect(outcome).toEqual({ kind: 'failed', code: 'work-failed', error: fault, attempt: 1 });
    expect((await store.find(request())).remainingLeaseMs).toBeUndefined();
  });
});

describe('a lease that has ended', () => {
  it.each<{ end: string; work: () => Promise<unknown> }>([
    { end: 'a result', work: async () => 1 },
    { end: 'an error', work: () => Promise.reject(new Error('no')) },
    { end: 'a result that cannot be stored', work: async () => 1n },
  ])('leaves no timer behind after $end', async ({ work }) => {
    jest.useFakeTimers();
    await new Engines().start().engine.tryRun({ scope, key }, work);
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });
});

describe('a probe of the store', () => {
  it('resolves if the store accepts writes, and rejects otherwise', async () => {
    const engines = new Engines();
    const { engine, heard } = engines.start();
    expect(await engine.probeStore()).toEqual([]);
    engines.fail('probe');
    await expect(engine.probeStore()).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(heard).toEqual([]);
  });

  it('resolves with warnings; each of them is an event once, until it is gone', async () => {
    let warnings: StoreWarning[] = [];
    const { store } = storeWith(() => ({ probe: async () => warnings }));
    const { service, kinds, events } = engineOn(store);
    const heard: unknown[] = [];
    events.on((event) => heard.push(event));
    const evicts: StoreWarning = { code: 'may-evict', message: 'Redis at one:6379 may evict' };
    const other: StoreWarning = { code: 'may-evict', message: 'Redis at two:6379 may evict' };
    for (warnings of [[evicts], [evicts], [evicts, other], [], [other]]) {
      expect(await service.probeStore()).toEqual(warnings);
    }
    expect(heard).toEqual([evicts, other, other].map((warning) => ({ kind: 'store-warning', warning })));
    expect(kinds).toHaveLength(3);
  });
});
