import { WorkTimeoutError, type IdempotencyContext } from '../src';
import { Engines, errorOfRun, heldWork, kindsOf, LEASE_MS, scope } from './engine-under-test';

const key = 'abc-123';
const maxWorkMs = 12_000;

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** Work that does not end by itself, in a run that is limited; the store's clock goes with the timers. */
async function endlessRun(request: object = {}) {
  const engines = new Engines();
  const { engine, heard } = engines.start({ maxWorkMs });
  const held = heldWork<number>();
  let context: IdempotencyContext | undefined;
  const outcome = engine.tryRun({ scope, key, ...request }, (given) => {
    context = given;
    return held.work();
  });
  await held.begun;
  if (!context) throw new Error('the work has not begun');
  const passAll = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      await pass(1_000);
      await engines.clock.advance(1_000);
    }
  };
  return { engines, engine, heard, held, context, outcome, passAll };
}

describe('work that takes longer than maxWorkMs', () => {
  it('fails with an error that says so, as a counted attempt', async () => {
    const { outcome, passAll } = await endlessRun({ uncounted: () => true });
    await passAll(maxWorkMs);
    const failed = await outcome;
    expect(failed).toMatchObject({
      kind: 'failed',
      code: 'work-failed',
      attempt: 1,
      error: expect.any(WorkTimeoutError),
    });
    expect(failed).toMatchObject({ error: { message: expect.stringContaining('maxWorkMs (12000 ms)') } });
  });

  it('is renewed until then, and not afterwards', async () => {
    const { engines, passAll, outcome } = await endlessRun();
    await passAll(maxWorkMs);
    await outcome;
    const renewals = engines.callsOf('extend').length;
    expect(renewals).toBe(Math.floor((3 * (maxWorkMs - 1)) / LEASE_MS));
    await passAll(10 * LEASE_MS);
    expect(engines.callsOf('extend')).toHaveLength(renewals);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is told: the signal is aborted, assertHeld() throws, and no time remains', async () => {
    const { context, passAll } = await endlessRun();
    const { signal } = context;
    await passAll(maxWorkMs - 1_000);
    expect(signal.aborted).toBe(false);
    expect(() => context.assertHeld()).not.toThrow();
    await passAll(1_000);
    expect(signal.reason).toBeInstanceOf(WorkTimeoutError);
    expect(() => context.assertHeld()).toThrow(WorkTimeoutError);
    expect(context.remainingMs).toBe(0);
  });

  it('does not get its late result recorded', async () => {
    const { engines, held, heard, outcome, passAll } = await endlessRun();
    await passAll(maxWorkMs);
    await outcome;
    held.end(7);
    await pass(0);
    expect((await engines.store.find({ scope, key })).record).toBeUndefined();
    expect(kindsOf(heard)).not.toContain('completed');
  });

  it('does not make a late error an unhandled rejection', async () => {
    const { held, outcome, passAll } = await endlessRun();
    await passAll(maxWorkMs);
    await outcome;
    held.fail(new Error('late'));
    await pass(0);
  });

  it('keeps the key taken for the rest of its lease, and then frees it', async () => {
    const { engines, outcome, passAll } = await endlessRun();
    await passAll(maxWorkMs);
    const failed = await outcome;
    const retryInMs = 'retryInMs' in failed ? (failed.retryInMs ?? 0) : 0;
    expect([retryInMs > LEASE_MS / 2, retryInMs <= LEASE_MS]).toEqual([true, true]);
    const { engine } = engines.start();
    const again = () => engine.tryRun({ scope, key }, async ({ attempt }) => attempt);
    expect(await again()).toMatchObject({ kind: 'failed', code: 'in-progress' });
    await engines.clock.advance(retryInMs);
    expect(await again()).toEqual({ kind: 'executed', result: 2 });
  });

  it('waits longer if backoffMs says so', async () => {
    const { outcome, passAll } = await endlessRun({ backoffMs: () => 60_000 });
    await passAll(maxWorkMs);
    expect(await outcome).toMatchObject({ retryInMs: 60_000 });
  });

  it('uses up the attempts: it is not repeated for ever', async () => {
    const { engines, outcome, passAll } = await endlessRun({ maxAttempts: 1 });
    await passAll(maxWorkMs);
    await outcome;
    await engines.clock.advance(LEASE_MS);
    const again = engines.start().engine.tryRun({ scope, key, maxAttempts: 1 }, async () => 1);
    expect(await again).toEqual({ kind: 'failed', code: 'retries-exhausted', attempts: 1 });
  });

  it('is the final end of the work where rememberError says so', async () => {
    const { engine, outcome, passAll } = await endlessRun({ rememberError: () => true });
    await passAll(maxWorkMs);
    expect(await outcome).toMatchObject({ kind: 'remembered-error', replayed: false });
    expect(await errorOfRun(engine.run(key, async () => 1, { scope }))).toMatchObject({
      name: 'RememberedError',
    });
  });

  it('is over for callers that have joined', async () => {
    const { engine, outcome, passAll } = await endlessRun();
    const joined = engine.tryRun({ scope, key }, async () => 8);
    await passAll(maxWorkMs);
    expect(await joined).toEqual(await outcome);
  });

  it('is over even if its lease was lost before', async () => {
    const { engines, outcome, passAll } = await endlessRun();
    engines.fail('extend', { times: Infinity });
    await passAll(maxWorkMs);
    expect(await outcome).toEqual({ kind: 'failed', code: 'lease-lost' });
  });
});

describe('work that ends within maxWorkMs', () => {
  it('is recorded, and leaves no timer behind', async () => {
    const { engines, held, outcome, passAll } = await endlessRun();
    await passAll(maxWorkMs - 1_000);
    held.end(7);
    expect(await outcome).toEqual({ kind: 'executed', result: 7 });
    expect((await engines.store.find({ scope, key })).record).toMatchObject({ result: 7 });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('has the limit of its own run instead of the module', async () => {
    const { engine } = new Engines().start({ maxWorkMs });
    const run = engine.run(key, heldWork<number>().work, { scope, maxWorkMs: 50 });
    const error = errorOfRun(run);
    await pass(50);
    expect(await error).toMatchObject({ name: 'WorkTimeoutError', maxWorkMs: 50 });
  });

  it('has no limit by default', async () => {
    const { engine } = new Engines().start();
    const held = heldWork<number>();
    const run = engine.run(key, held.work, { scope });
    await held.begun;
    await pass(100 * maxWorkMs);
    held.end(7);
    expect(await run).toMatchObject({ result: 7 });
  });
});
