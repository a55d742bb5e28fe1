import { StoreUnavailableError, type RunRequest } from '../src';
import type { ManualClock } from '../src/testing';
import { request, engineOn, failingWork, failure, storeWith, ttlSeconds } from './support/engine';

describe('copies of a request in one process, whose work fails', () => {
  it('share one attempt, and wait equally long for the next one', async () => {
    const { store } = storeWith();
    const { service } = engineOn(store);
    const { work, begun, fail, runs } = failingWork();
    let draws = 0;
    const copy = request({ backoffMs: () => 1_000 * ++draws });
    const outcomes = [1, 2, 3].map(() => service.tryRun(copy, work));
    await begun;
    fail();
    expect(await Promise.all(outcomes)).toEqual(
      [1, 2, 3].map(() => ({
        kind: 'failed',
        code: 'work-failed',
        error: failure,
        attempt: 1,
        retryInMs: 1_000,
      })),
    );
    expect(runs()).toBe(1);
  });

  it('are in progress until the next attempt is due, in any process', async () => {
    const { store, clock } = storeWith();
    const fails = () => Promise.reject(failure);
    const copy = request({ backoffMs: () => 120_000 });
    await engineOn(store).service.tryRun(copy, fails);
    await clock.advance(60_000);
    const early = await engineOn(store).service.tryRun(copy, fails);
    expect(early).toEqual({ kind: 'failed', code: 'in-progress', remainingMs: 60_000 });
    await clock.advance(60_000);
    expect(await engineOn(store).service.tryRun(copy, fails)).toMatchObject({
      kind: 'failed',
      code: 'work-failed',
      attempt: 2,
    });
  });

  it.each([
    { what: 'at once if it is not due within their wait', backoffMs: 2_001, calls: 1 },
    { what: 'when it is due, if that is soon', backoffMs: 40, calls: 2 },
  ])('are answered $what', async ({ backoffMs, calls }) => {
    let begins = 0;
    const { store, clock } = storeWith((own) => ({
      begin: async (request) => {
        if (++begins > 1) await clock.advance(backoffMs + 1);
        return own.begin(request);
      },
    }));
    const { service } = engineOn(store);
    await service.tryRun(request({ backoffMs: () => backoffMs }), () => Promise.reject(failure));
    begins = 0;
    const { kind } = await service.tryRun(request({ inProgressWaitMs: 2_000 }), () =>
      Promise.resolve('done'),
    );
    expect([kind, begins]).toEqual([calls === 1 ? 'failed' : 'executed', calls]);
  });

  it('are all exhausted by the last attempt, except a copy that forgives it', async () => {
    const { store } = storeWith();
    const { service } = engineOn(store);
    const { work, begun, fail } = failingWork();
    const last = service.tryRun(request({ maxAttempts: 1 }), work);
    await begun;
    const copy = service.tryRun(request({ maxAttempts: 1 }), work);
    const replayed = service.tryRun(request({ maxAttempts: 1, forgivenAttempts: 1 }), () =>
      Promise.resolve('done'),
    );
    fail();
    expect(await Promise.all([last, copy])).toMatchObject([
      { kind: 'failed', code: 'work-failed', attempt: 1 },
      { kind: 'failed', code: 'work-failed', attempt: 1 },
    ]);
    expect(await replayed).toEqual({ kind: 'executed', result: 'done' });
  });
});

describe('attempts that are used up', () => {
  it('start no work', async () => {
    const { store } = storeWith();
    const { service, kinds } = engineOn(store);
    await service.tryRun(request(), () => Promise.reject(failure));
    let runs = 0;
    const outcome = await service.tryRun(request({ maxAttempts: 1 }), () => Promise.resolve(++runs));
    expect(outcome).toEqual({ kind: 'failed', code: 'retries-exhausted', attempts: 1 });
    expect(runs).toBe(0);
    expect(kinds).toContain('retries-exhausted');
  });

  it('do not include a last attempt whose lease was lost, because the next owner decides how the work ends', async () => {
    const { store } = storeWith(() => ({ release: () => Promise.resolve('lost') }));
    const outcome = await engineOn(store).service.tryRun(request({ maxAttempts: 1 }), () =>
      Promise.reject(failure),
    );
    expect(outcome).toEqual({ kind: 'failed', code: 'lease-lost' });
  });
});

describe('copies of a request that an operator has sent again', () => {
  const limit = { maxAttempts: 2 };
  const again = { ...limit, forgivenAttempts: 2 };
  const fails = () => Promise.reject(failure);

  /** Both attempts are used up, and the request that the operator sent again has failed once. */
  async function sentAgain(backoffMs?: RunRequest['backoffMs']) {
    const { store, clock } = storeWith();
    const process = () => engineOn(store).service;
    await process().tryRun(request(limit), fails);
    await process().tryRun(request(limit), fails);
    const first = await process().tryRun(request({ ...again, ...(backoffMs && { backoffMs }) }), fails);
    expect(first).toMatchObject({ kind: 'failed', code: 'work-failed', attempt: 3, forgivenAttempts: 2 });
    return { clock, process };
  }

  it('share its attempts, even copies from before', async () => {
    const { process } = await sentAgain();
    expect(await process().tryRun(request(limit), fails)).toEqual({
      kind: 'failed',
      code: 'work-failed',
      error: failure,
      attempt: 4,
      forgivenAttempts: 2,
    });
    const exhausted = { kind: 'failed', code: 'retries-exhausted', attempts: 4 };
    expect(await process().tryRun(request(limit), fails)).toEqual(exhausted);
    expect(await process().tryRun(request(again), fails)).toEqual(exhausted);
  });

  it('wait for its next attempt, and get its result', async () => {
    const { clock, process } = await sentAgain(() => 1_000);
    expect(await process().tryRun(request(limit), fails)).toEqual({
      kind: 'failed',
      code: 'in-progress',
      remainingMs: 1_000,
    });
    await clock.advance(1_001);
    const done = () => Promise.resolve('done');
    expect(await process().tryRun(request(limit), done)).toEqual({ kind: 'executed', result: 'done' });
    expect(await process().tryRun(request(again), fails)).toEqual({ kind: 'replayed', result: 'done' });
  });

  it('pass the forgiven attempts to backoffMs()', async () => {
    const { process } = await sentAgain();
    const heard: unknown[] = [];
    await process().tryRun(request({ ...limit, backoffMs: (failed) => void heard.push(failed) }), fails);
    expect(heard).toEqual([{ error: failure, attempt: 4, forgivenAttempts: 2 }]);
  });
});

describe('a copy of a request whose timestamp is not accepted', () => {
  const old = (clock: ManualClock) => request({ requestedAt: new Date(clock.now() - 2 * ttlSeconds * 1000) });

  it('is judged by its own timestamp', async () => {
    const { store, clock } = storeWith();
    const { service } = engineOn(store, { clockToleranceMs: 1_000 });
    const done = () => Promise.resolve('done');
    const future = request({ requestedAt: new Date(clock.now() + 3_600_000) });
    const outcomes = [old(clock), future, request()].map((copy) => service.tryRun(copy, done));
    expect(await Promise.all(outcomes)).toEqual([
      { kind: 'failed', code: 'outside-deduplication-window' },
      { kind: 'failed', code: 'from-the-future', aheadMs: 3_600_000 },
      { kind: 'executed', result: 'done' },
    ]);
  });

  it('is asked since when it has waited only if it would be rejected for its age', async () => {
    const { store, clock } = storeWith();
    const { service } = engineOn(store);
    const asked: string[] = [];
    const waiting = (name: string, fields: Partial<RunRequest>) =>
      request({
        ...fields,
        key: name,
        waitingSince: () => Promise.resolve(asked.push(name) ? fields.requestedAt : undefined),
      });
    const seen: (number | undefined)[] = [];
    const work = (context: { sinceForgottenMs: number | undefined }) =>
      Promise.resolve(void seen.push(context.sinceForgottenMs));
    await service.tryRun(waiting('fresh', { requestedAt: new Date(clock.now()) }), work);
    await service.tryRun(waiting('old', { requestedAt: old(clock).requestedAt }), work);
    expect(asked).toEqual(['old']);
    expect(seen).toEqual([undefined, 2 * ttlSeconds * 1000]);
  });

  it('is kept, not rejected, if it cannot be found out since when it has waited', async () => {
    const { store, clock } = storeWith();
    const gone = new StoreUnavailableError('pause', 'gone');
    const copy = { ...old(clock), waitingSince: () => Promise.reject(gone) };
    const outcome = await engineOn(store).service.tryRun(copy, () => Promise.resolve(1));
    expect(outcome).toEqual({ kind: 'failed', code: 'store-unavailable', error: gone });
  });
});

describe('a store that is unavailable when the work is done', () => {
  it('is asked to store the record again as long as the lease lasts', async () => {
    let refusals = 2;
    const { store } = storeWith((own) => ({
      complete: (request) =>
        refusals-- > 0
          ? Promise.reject(new StoreUnavailableError('complete', 'gone'))
          : own.complete(request),
    }));
    const outcome = await engineOn(store).service.tryRun(request(), () => Promise.resolve('paid'));
    expect(outcome).toEqual({ kind: 'executed', result: 'paid' });
    expect((await store.find(request())).record).toMatchObject({ result: 'paid' });
  });
});

describe('a store that answers slowly', () => {
  afterEach(() => jest.restoreAllMocks());

  it('shortens the lease by its delay, because the lease began when the store was asked', async () => {
    const now = performance.now();
    const time = jest.spyOn(performance, 'now').mockReturnValue(now);
    const { store } = storeWith((own) => ({
      begin: (request) => {
        time.mockReturnValue(now + 10_000);
        return own.begin(request);
      },
    }));
    const left = await engineOn(store).service.tryRun(request(), ({ remainingMs }) =>
      Promise.resolve(Math.round(remainingMs)),
    );
    expect(left).toEqual({ kind: 'executed', result: 20_000 });
  });
});
