import { NestedCallError, type IdempotencyService } from '../src';
import { Engines, heldWork, scope } from './engine-under-test';

const key = 'abc-123';
// Longer than a busy machine lets a process wait, and short enough to be waited for.
const LEASE_MS = 500;
const FOLLOWS_ALWAYS = Number.parseInt(process.versions.node) >= 24;

/** How a call inside the work of its own key ends: the code of the failure, or the name of the error. */
async function endOfNestedCall(engine: IdempotencyService): Promise<string> {
  const inner = () =>
    engine
      .run(key, async () => 'inside', { scope })
      .then(
        (outcome) => (outcome.kind === 'failed' ? outcome.code : outcome.kind),
        (error: Error) => error.name,
      );
  const outer = await engine.run(key, inner, { scope, rememberResult: () => false });
  return outer.kind === 'failed' ? outer.code : outer.result;
}

// Where following asynchronous contexts is expensive, they are followed only when there is a reason.
describe('in production', () => {
  beforeEach(() => jest.replaceProperty(process, 'env', { ...process.env, NODE_ENV: 'production' }));
  afterEach(() => jest.restoreAllMocks());

  it('a call inside its own work ends when a lease is over, and the next one at once', async () => {
    const { engine, heard } = new Engines().start({ leaseMs: LEASE_MS });
    const first = FOLLOWS_ALWAYS ? NestedCallError.name : 'in-progress';
    expect(await endOfNestedCall(engine)).toBe(first);
    expect(heard.some(({ kind }) => kind === 'in-progress')).toBe(!FOLLOWS_ALWAYS);
    expect(await endOfNestedCall(engine)).toBe(NestedCallError.name);
  });

  it('a call for another payload inside that work ends as well', async () => {
    const { engine } = new Engines().start({ leaseMs: LEASE_MS });
    const inner = () =>
      engine
        .run(key, async () => 'inside', { scope, payload: 'B' })
        .then(
          () => 'ended',
          () => 'ended',
        );
    expect(await engine.run(key, inner, { scope, payload: 'A' })).toMatchObject({ result: 'ended' });
  });

  it('a call from outside gets the answer, also after a call that has waited in vain', async () => {
    const { engine } = new Engines().start({ leaseMs: LEASE_MS });
    await endOfNestedCall(engine);
    const { work, begun, end } = heldWork<string>();
    const calls = [engine.run(key, work, { scope }), engine.run(key, work, { scope })];
    await begun;
    end('done');
    expect((await Promise.all(calls)).map(({ kind }) => kind)).toEqual(['executed', 'replayed']);
  });

  it('a call from outside gets the answer within the lease', async () => {
    const { engine } = new Engines().start();
    const { work, begun, end } = heldWork<string>();
    const calls = [engine.run(key, work, { scope }), engine.run(key, work, { scope })];
    await begun;
    end('done');
    expect((await Promise.all(calls)).map(({ kind }) => kind)).toEqual(['executed', 'replayed']);
  });
});
