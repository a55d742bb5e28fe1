import { UnrecordableResultError } from '../src';
import { countedWork, Engines, scope } from './engine-under-test';

const key = 'abc-123';
const name = { scope, key };
const localMemory = { maxEntries: 2, ttlSeconds: 60 };

/** A process that has finished the key with the result. */
async function finished(result: unknown, options: Parameters<Engines['start']>[0] = {}) {
  const engines = new Engines();
  const { engine } = engines.start(options);
  await engine.run(key, async () => result, { scope, payload: 'A' });
  return { engines, engine };
}

describe('a result that comes later', () => {
  it('replaces the recorded one, and is the answer to every duplicate, in any process', async () => {
    const { engines, engine } = await finished({ transfer: 7, status: 'pending' });
    const replace = (result: unknown) => ({ ...(result as object), status: 'paid' });
    expect(await engine.replaceResult(name, replace)).toBe('replaced');
    const { work, runs } = countedWork();
    const again = await engines.start().engine.run(key, work, { scope, payload: 'A' });
    expect(again).toEqual({ kind: 'replayed', result: { transfer: 7, status: 'paid' } });
    expect(runs()).toBe(0);
  });

  it('leaves everything else of the record as it was', async () => {
    const engines = new Engines();
    const { engine } = engines.start({ origin: () => 'trace-1' });
    const options = { scope, payload: 'A', uncounted: () => true };
    await engine.run(key, () => Promise.reject(new Error('not yet')), options).catch(() => undefined);
    await engine.run(key, async () => 'pending', options);
    const before = await engine.find(name);
    expect(before.record).toMatchObject({ fencingToken: 2, attempt: 1, origin: 'trace-1' });
    await engine.replaceResult(name, () => 'paid');
    expect(await engine.find(name)).toEqual({ ...before, record: { ...before.record, result: 'paid' } });
    expect(await engine.run(key, async () => 'again', { scope, payload: 'B' })).toMatchObject({
      code: 'idempotency-key-reused',
    });
  });

  it('does not make the record live longer', async () => {
    const { engines, engine } = await finished('pending');
    await engines.clock.advance(59_000);
    expect(await engine.replaceResult(name, () => 'paid')).toBe('replaced');
    await engines.clock.advance(1_001);
    expect((await engine.find(name)).record).toBeUndefined();
  });

  it('may be the recorded one, changed in place', async () => {
    const { engine } = await finished({ items: ['one'] });
    const replace = (result: unknown) => {
      (result as { items: string[] }).items.push('two');
      return result;
    };
    expect(await engine.replaceResult(name, replace)).toBe('replaced');
    expect((await engine.find(name)).record?.result).toEqual({ items: ['one', 'two'] });
  });

  it.each([null, false, 0, ''])('may be %j', async (result) => {
    const { engine } = await finished('pending');
    expect(await engine.replaceResult(name, () => result)).toBe('replaced');
    expect((await engine.find(name)).record?.result).toBe(result);
  });

  it('is recorded as the JSON that it makes', async () => {
    const { engine } = await finished('pending');
    await engine.replaceResult(name, () => ({ at: new Date(0), nothing: undefined }));
    expect((await engine.find(name)).record?.result).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  });
});

describe('a result that is not replaced', () => {
  it('stays if undefined is returned, also where it was changed in place', async () => {
    const { engines, engine } = await finished({ items: ['one'] });
    const replace = (result: unknown) => void (result as { items: string[] }).items.push('two');
    expect(await engine.replaceResult(name, replace)).toBe('unchanged');
    expect((await engine.find(name)).record?.result).toEqual({ items: ['one'] });
    expect(engines.callsOf('replaceRecord')).toEqual([]);
  });

  it('is not found before the end of the work, or without any', async () => {
    const { engine } = new Engines().start();
    const replace = () => 'paid';
    expect(await engine.replaceResult(name, replace)).toBe('not-found');
    const during = await engine.run(key, () => engine.replaceResult(name, replace), { scope });
    expect(during).toEqual({ kind: 'executed', result: 'not-found' });
  });

  it('is not found if it is a remembered error, which stays', async () => {
    const { engine } = new Engines().start();
    const request = { scope, key, rememberError: () => true };
    await engine.tryRun(request, () => Promise.reject(new Error('declined')));
    expect(await engine.replaceResult(name, () => 'paid')).toBe('not-found');
    expect((await engine.find(name)).record).toMatchObject({ result: null, error: { message: 'declined' } });
  });

  it.each([
    {
      what: 'a promise',
      later: Promise.resolve('paid'),
      says: 'it is a promise, which must be awaited before',
    },
    { what: 'a bigint', later: { order: { total: 1n } }, says: "it has a bigint in 'total'" },
    { what: 'a buffer', later: Buffer.from('pdf'), says: 'it is binary data (Buffer)' },
  ])('stays if JSON cannot hold the new one: $what', async ({ later, says }) => {
    const { engine } = await finished('pending');
    const replacement = engine.replaceResult(name, () => later);
    await expect(replacement).rejects.toThrow(UnrecordableResultError);
    await expect(replacement).rejects.toThrow(
      `the later result in scope 'order' cannot be recorded as JSON: ${says}`,
    );
    expect((await engine.find(name)).record?.result).toBe('pending');
  });

  it('stays if `replace` throws, which the caller gets', async () => {
    const { engine } = await finished('pending');
    const fault = new Error('a fault of the application');
    const replacement = engine.replaceResult(name, () => {
      throw fault;
    });
    await expect(replacement).rejects.toBe(fault);
    expect((await engine.find(name)).record?.result).toBe('pending');
  });
});

describe('a record that changes while its result is replaced', () => {
  it('is looked at again, and the new result is made of the latest one', async () => {
    const { engines, engine } = await finished(['first']);
    const seen: unknown[] = [];
    const add = (text: string) => (result: unknown) => [...(result as string[]), text];
    const { record } = await engine.find(name);
    const replacement = engine.replaceResult(name, (result) => {
      // The memory store takes this step before the one that follows.
      if (seen.push(result) === 1 && record)
        void engines.memory.replaceRecord(name, record, { ...record, result: ['first', 'other'] });
      return add('ours')(result);
    });
    expect(await replacement).toBe('replaced');
    expect(seen).toEqual([['first'], ['first', 'other']]);
    expect((await engine.find(name)).record?.result).toEqual(['first', 'other', 'ours']);
  });

  it('keeps what all of several callers add at the same time', async () => {
    const { engines, engine } = await finished([]);
    const add = (number: number) =>
      engines.start().engine.replaceResult(name, (result) => [...(result as number[]), number]);
    expect(await Promise.all([add(1), add(2), add(3)])).toEqual(['replaced', 'replaced', 'replaced']);
    const { record } = await engine.find(name);
    expect([...(record?.result as number[])].sort()).toEqual([1, 2, 3]);
  });

  it('is not found if it was forgotten meanwhile', async () => {
    const { engines, engine } = await finished('pending');
    const replacement = engine.replaceResult(name, () => {
      void engines.memory.forget(name);
      return 'paid';
    });
    expect(await replacement).toBe('not-found');
  });

  it('is an error if it changes each time', async () => {
    const { engines, engine } = await finished(0);
    let looks = 0;
    let { record } = await engine.find(name);
    const replacement = engine.replaceResult(name, () => {
      const changed = record && { ...record, result: ++looks };
      if (record && changed) void engines.memory.replaceRecord(name, record, changed);
      record = changed;
      return 'paid';
    });
    await expect(replacement).rejects.toThrow(
      "the result of the key 'abc-123' in scope 'order' was not replaced: each of the 10 times that it was looked at",
    );
    expect((await engine.find(name)).record?.result).toBe(looks);
  });
});

describe('the local memory of a key whose result is replaced', () => {
  const answerOf = ({ engine }: ReturnType<Engines['start']>) =>
    engine.run(key, async () => 'again', { scope, payload: 'A' });

  it('forgets it in this process; another one answers with the old result until its entry expires', async () => {
    const { engines, engine } = await finished('pending', { localMemory });
    const other = engines.start({ localMemory });
    await answerOf(other);
    await engine.replaceResult(name, () => 'paid');
    expect(await engine.run(key, async () => 'again', { scope })).toMatchObject({ result: 'paid' });
    expect(await answerOf(other)).toMatchObject({ result: 'pending' });
  });

  it('forgets it also if the store has replaced it and did not answer', async () => {
    const { engines, engine } = await finished('pending', { localMemory });
    engines.fail('replaceRecord', { when: 'after' });
    await expect(engine.replaceResult(name, () => 'paid')).rejects.toMatchObject({
      code: 'store-unavailable',
    });
    expect(await engine.run(key, async () => 'again', { scope })).toMatchObject({ result: 'paid' });
  });
});
