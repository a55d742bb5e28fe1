import { EventEmitter, once } from 'node:events';
import { request, engineOn, failingWork, failure, storeWith } from './support/engine';

describe('lookAgain() before a request is given up', () => {
  it('finds the record of the key, and emits the event of a replay', async () => {
    const { store } = storeWith();
    const { service, kinds } = engineOn(store);
    await service.tryRun(request(), () => Promise.resolve('paid'));
    expect(await service.lookAgain(request())).toEqual({ kind: 'replayed', result: 'paid' });
    expect(kinds).toContain('replayed');
  });

  it('finds a record with another payload', async () => {
    const { store } = storeWith();
    const { service } = engineOn(store);
    await service.tryRun(request(), () => Promise.resolve('paid'));
    expect(await service.lookAgain(request({ fingerprint: 'other' }))).toEqual({
      kind: 'failed',
      code: 'idempotency-key-reused',
    });
  });

  it('finds the key in progress', async () => {
    const { store } = storeWith();
    const { work, begun, fail } = failingWork();
    const running = engineOn(store).service.tryRun(request(), work);
    await begun;
    expect(await engineOn(store).service.lookAgain(request())).toEqual({
      kind: 'failed',
      code: 'in-progress',
      remainingMs: 30_000,
    });
    fail();
    await running;
  });

  it('finds nothing for an unknown key', async () => {
    const { store } = storeWith();
    expect(await engineOn(store).service.lookAgain(request())).toBeUndefined();
  });
});

describe('lookAgain() with maxAttempts, when the attempts of a key seem used up', () => {
  const fails = () => Promise.reject(failure);

  it('finds nothing if they are used up', async () => {
    const { store } = storeWith();
    const { service } = engineOn(store);
    await service.tryRun(request({ maxAttempts: 1 }), fails);
    expect(await service.lookAgain(request(), { maxAttempts: 1 })).toBeUndefined();
  });

  it('finds the key in progress if another copy has forgiven some, and waits', async () => {
    const { store } = storeWith();
    const { service } = engineOn(store);
    await service.tryRun(request({ maxAttempts: 2 }), fails);
    await service.tryRun(request({ maxAttempts: 2, forgivenAttempts: 1, backoffMs: () => 1_000 }), fails);
    const elsewhere = engineOn(store).service;
    expect(await elsewhere.lookAgain(request(), { maxAttempts: 2 })).toEqual({
      kind: 'failed',
      code: 'in-progress',
      remainingMs: 0,
    });
    expect(await elsewhere.lookAgain(request())).toBeUndefined();
  });

  it('finds the key in progress if such a copy is beginning in this process', async () => {
    const looks = new EventEmitter();
    const { store } = storeWith((own) => ({
      // The look reaches the store before the begin does.
      begin: async (request) => {
        if (request.forgivenAttempts !== undefined) await once(looks, 'done');
        return own.begin(request);
      },
    }));
    const { service } = engineOn(store);
    await service.tryRun(request({ maxAttempts: 1 }), fails);
    const again = service.tryRun(request({ maxAttempts: 1, forgivenAttempts: 1 }), () =>
      Promise.resolve('done'),
    );
    const found = await service.lookAgain(request(), { maxAttempts: 1 });
    looks.emit('done');
    expect(found).toEqual({ kind: 'failed', code: 'in-progress', remainingMs: 0 });
    expect(await again).toEqual({ kind: 'executed', result: 'done' });
  });
});
