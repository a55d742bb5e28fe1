import {
  LeaseLostError,
  StoreUnavailableError,
  UnrecordableResultError,
  WorkTimeoutError,
  type IdempotencyContext,
} from '../src';
import { countedWork, Engines, errorOfRun, heldWork, LEASE_MS, scope } from './engine-under-test';
import { engineOn, storeWith } from './support/engine';

const key = 'abc-123';
const failure = new Error('the process has failed here');

/** What the second attempt does with a step of the same name: whether it runs, and its result. */
async function nextAttempt(engines: Engines, name: string) {
  const { work, runs } = countedWork();
  const outcome = await engines
    .start()
    .engine.tryRun({ scope, key }, (context) => context.step(name, async () => `again ${await work()}`));
  return { outcome, isRun: runs() > 0 };
}

/** Time passes, and no timer has run yet: every lease of this process is over. */
function freeze(): void {
  const now = performance.now() + 60_000;
  jest.spyOn(performance, 'now').mockReturnValue(now);
}

describe('a step that fails', () => {
  it('fails the attempt with its error and stores nothing: the next attempt runs it', async () => {
    const engines = new Engines();
    const run = engines
      .start()
      .engine.run(key, (context) => context.step('reserve', () => Promise.reject(failure)), { scope });
    expect(await errorOfRun(run)).toBe(failure);
    expect(await nextAttempt(engines, 'reserve')).toMatchObject({ isRun: true });
  });

  it('may be tried again in the same run', async () => {
    const { engine } = new Engines().start();
    const outcome = await engine.tryRun({ scope, key }, async (context) => {
      await expect(context.step('reserve', () => Promise.reject(failure))).rejects.toBe(failure);
      return context.step('reserve', async () => 7);
    });
    expect(outcome).toEqual({ kind: 'executed', result: 7 });
  });
});

describe('a result of a step that JSON cannot hold', () => {
  it('is an error that says so, and stores nothing', async () => {
    const engines = new Engines();
    const run = engines
      .start()
      .engine.run(key, (context) => context.step('pdf', async () => Buffer.from('pdf')), { scope });
    const error = await errorOfRun(run);
    expect(error).toBeInstanceOf(UnrecordableResultError);
    expect(error).toMatchObject({
      message: expect.stringMatching(/the step 'pdf' in scope 'order' is done.*binary data \(Buffer\)/),
    });
    expect(engines.callsOf('saveSteps')).toEqual([]);
    expect(await nextAttempt(engines, 'pdf')).toMatchObject({ isRun: true });
  });
});

describe('a step of an attempt that did not count', () => {
  it.each([true, false])(
    'makes it count, so that the key keeps its payload and its steps (%p)',
    async (isDone) => {
      const engines = new Engines();
      const { engine } = engines.start();
      await engine.tryRun(
        { scope, key, fingerprint: 'one', uncounted: (error) => error === failure },
        async (context) => {
          if (isDone) await context.step('reserve', async () => 7);
          throw failure;
        },
      );
      const other = await engine.tryRun({ scope, key, fingerprint: 'other' }, async ({ attempt }) => attempt);
      expect(other).toEqual(
        isDone ? { kind: 'failed', code: 'idempotency-key-reused' } : { kind: 'executed', result: 1 },
      );
      if (isDone) expect(await nextAttempt(engines, 'reserve')).toMatchObject({ outcome: { result: 7 } });
    },
  );
});

describe('a lease that is lost', () => {
  afterEach(() => jest.restoreAllMocks());

  it('before a step begins, prevents it', async () => {
    const { work, runs } = countedWork();
    const outcome = await new Engines().start().engine.tryRun({ scope, key }, async (context) => {
      freeze();
      return context.step('reserve', work);
    });
    expect([outcome, runs()]).toEqual([{ kind: 'failed', code: 'lease-lost' }, 0]);
  });

  it('prevents a step that an earlier attempt has done, too', async () => {
    const engines = new Engines();
    const { engine } = engines.start();
    const both = async (context: IdempotencyContext) => {
      await context.step('reserve', async () => 7);
      if (context.attempt === 2) freeze();
      return context.step('charge', async () => 8);
    };
    await engine.tryRun({ scope, key }, (context) => both(context).then(() => Promise.reject(failure)));
    expect(await engine.tryRun({ scope, key }, both)).toEqual({ kind: 'failed', code: 'lease-lost' });
  });

  it('while the stored steps are loaded, prevents the step', async () => {
    const { store } = storeWith((own) => ({
      loadSteps: async (owner) => {
        freeze();
        return own.loadSteps(owner);
      },
    }));
    const { service } = engineOn(store);
    const { work, runs } = countedWork();
    await service.tryRun({ scope, key }, () => Promise.reject(failure));
    const outcome = await service.tryRun({ scope, key }, (context) => context.step('reserve', work));
    expect([outcome, runs()]).toEqual([{ kind: 'failed', code: 'lease-lost' }, 0]);
  });

  it('before the stored steps are loaded, prevents the step', async () => {
    const engines = new Engines();
    const { engine } = engines.start();
    const { work, runs } = countedWork();
    await engine.tryRun({ scope, key }, () => Promise.reject(failure));
    const outcome = await engine.tryRun({ scope, key }, async (context) => {
      await engines.clock.advance(LEASE_MS + 1);
      return context.step('reserve', work);
    });
    expect([outcome, runs()]).toEqual([{ kind: 'failed', code: 'lease-lost' }, 0]);
  });

  it('during a step, is an error after it; nothing is stored, and no other step begins', async () => {
    const engines = new Engines();
    const { work, runs } = countedWork();
    const errors: unknown[] = [];
    const outcome = await engines.start().engine.tryRun({ scope, key }, async (context) => {
      await context
        .step('reserve', () => engines.clock.advance(LEASE_MS + 1))
        .catch((error) => errors.push(error));
      errors.push(context.signal.reason);
      return context.step('charge', work);
    });
    expect(errors).toEqual([expect.any(LeaseLostError), expect.any(LeaseLostError)]);
    expect([outcome, runs()]).toEqual([{ kind: 'failed', code: 'lease-lost' }, 0]);
    expect(await nextAttempt(engines, 'reserve')).toMatchObject({ isRun: true });
  });
});

describe('a store that does not answer', () => {
  it.each([
    { when: 'before', isRun: true },
    { when: 'after', isRun: false },
  ] as const)(
    'while a result is saved, fails the step and begins no other ($when)',
    async ({ when, isRun }) => {
      const engines = new Engines();
      engines.fail('saveSteps', { when });
      const { engine, heard } = engines.start();
      const { work, runs } = countedWork();
      const errors: unknown[] = [];
      const run = engine.run(
        key,
        async (context) => {
          await context.step('reserve', async () => 7).catch((error) => errors.push(error));
          return context.step('charge', work);
        },
        { scope },
      );
      errors.push(await errorOfRun(run));
      expect(errors).toEqual([expect.any(StoreUnavailableError), expect.any(StoreUnavailableError)]);
      expect(runs()).toBe(0);
      expect(heard).toContainEqual(
        expect.objectContaining({ kind: 'store-unavailable', step: 'saveSteps', error: errors[0] }),
      );
      expect(await nextAttempt(engines, 'reserve')).toMatchObject({ isRun });
    },
  );

  it('while results are loaded, prevents the step', async () => {
    const engines = new Engines();
    const attempt = (work: (context: IdempotencyContext) => Promise<unknown>) =>
      errorOfRun(engines.start().engine.run(key, work, { scope }));
    const { work, runs } = countedWork();
    await attempt(() => Promise.reject(failure));
    engines.fail('loadSteps', { error: new Error('gone') });
    expect(await attempt((context) => context.step('reserve', work))).toBeInstanceOf(StoreUnavailableError);
    expect(runs()).toBe(0);
  });
});

describe('work with steps that takes longer than maxWorkMs', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('goes on behind the last step that was done in time', async () => {
    const engines = new Engines();
    const late = heldWork<string>();
    let lateStep: Promise<unknown> | undefined;
    const outcome = engines.start({ maxWorkMs: 1_000 }).engine.tryRun({ scope, key }, async (context) => {
      await context.step('reserve', async () => 7);
      lateStep = context.step('charge', late.work);
      await lateStep;
    });
    await late.begun;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await outcome).toMatchObject({ kind: 'failed', error: expect.any(WorkTimeoutError) });
    late.end('too late');
    await expect(lateStep).rejects.toBeInstanceOf(WorkTimeoutError);
    await engines.clock.advance(LEASE_MS + 1);
    const next = await engines
      .start()
      .engine.tryRun({ scope, key }, async (context) => [
        await context.step('reserve', async () => 8),
        await context.step('charge', async () => 'charged again'),
      ]);
    expect(next).toEqual({ kind: 'executed', result: [7, 'charged again'] });
  });
});
