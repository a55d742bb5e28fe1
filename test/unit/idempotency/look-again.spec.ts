import { claim, engineOn, failingWork, storeWith } from '../../support/engine';

describe('another look at a key whose request is about to be given up', () => {
  it('finds its record, and tells of it as of any other duplicate', async () => {
    const { store } = storeWith();
    const { service, kinds } = engineOn(store);
    await service.tryRun(claim(), () => Promise.resolve('paid'));
    expect(await service.lookAgain(claim())).toEqual({ kind: 'replayed', result: 'paid' });
    expect(kinds).toContain('replayed');
  });

  it('finds a record of another payload', async () => {
    const { store } = storeWith();
    const { service } = engineOn(store);
    await service.tryRun(claim(), () => Promise.resolve('paid'));
    expect(await service.lookAgain(claim({ fingerprint: 'other' }))).toEqual({ kind: 'mismatch' });
  });

  it('finds another owner at work', async () => {
    const { store } = storeWith();
    const { work, begun, fail } = failingWork();
    const running = engineOn(store).service.tryRun(claim(), work);
    await begun;
    expect(await engineOn(store).service.lookAgain(claim())).toEqual({ kind: 'busy', remainingMs: 30_000 });
    fail();
    await running;
  });

  it('finds nothing', async () => {
    const { store } = storeWith();
    expect(await engineOn(store).service.lookAgain(claim())).toBeUndefined();
  });
});
