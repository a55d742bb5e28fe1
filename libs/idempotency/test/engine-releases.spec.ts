import { StoreUnavailableError } from '../src';
import { engineOn, failure, request, storeWith } from './support/engine';
import { Engines, scope } from './engine-under-test';

const key = 'abc-123';

describe('a result that is not JSON', () => {
  it('fails the attempt like an error of the work, and the key waits for the next attempt', async () => {
    const { store } = storeWith();
    const copy = request({ backoffMs: () => 5_000 });
    const outcome = await engineOn(store).service.tryRun(copy, () => Promise.resolve(1n));
    expect(outcome).toMatchObject({ kind: 'failed', code: 'work-failed', retryInMs: 5_000 });
    expect(await engineOn(store).service.tryRun(copy, () => Promise.resolve(1))).toMatchObject({
      kind: 'failed',
      code: 'in-progress',
    });
  });
});

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
    const { engine } = engines.start();
    await engine.probeStore();
    engines.fail('probe');
    await expect(engine.probeStore()).rejects.toBeInstanceOf(StoreUnavailableError);
  });
});
