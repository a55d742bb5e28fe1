import { Readable } from 'node:stream';
import { HttpException } from '@nestjs/common';
import { RememberedError, UnrecordableResultError } from '../src';
import { countedWork, Engines, errorOfRun, heldWork, kindsOf, scope } from './engine-under-test';

const key = 'abc-123';

function cycle(): object {
  const order: Record<string, unknown> = { id: 'O-1' };
  order.self = order;
  return order;
}

describe('a result that JSON cannot hold', () => {
  const results: { what: string; result: unknown; says: string }[] = [
    { what: 'a bigint', result: 1n, says: 'it is a bigint' },
    { what: 'a bigint in a property', result: { order: { total: 1n } }, says: "it has a bigint in 'total'" },
    { what: 'a cycle', result: cycle(), says: 'circular structure' },
    { what: 'a Buffer', result: Buffer.from('pdf'), says: 'binary data (Buffer)' },
    { what: 'a typed array', result: new Float64Array(1), says: 'binary data (Float64Array)' },
    { what: 'a blob', result: new Blob(['pdf']), says: 'binary data (Blob)' },
    { what: 'a stream', result: Readable.from(['pdf']), says: 'a stream (Readable)' },
    { what: 'a web stream', result: new Blob(['pdf']).stream(), says: 'a stream (ReadableStream)' },
    { what: 'a map', result: new Map([[1, 2]]), says: 'it is a Map' },
    { what: 'a function', result: () => 1, says: 'it is a function' },
    { what: 'an empty toJSON()', result: { toJSON: () => undefined }, says: 'toJSON() returns undefined' },
  ];

  it.each(results)('is an error that says so and what to return: $what', async ({ result, says }) => {
    const { engine } = new Engines().start();
    const error = await errorOfRun(engine.run(key, async () => result, { scope }));
    expect(error).toBeInstanceOf(UnrecordableResultError);
    expect(error).toMatchObject({ code: 'work-failed', message: expect.stringContaining(says) });
    expect(error).toMatchObject({ message: expect.stringMatching(/scope 'order'.*an id, a URL or text/) });
  });

  it.each(results)('is not tried again, and duplicates get the same error: $what', async ({ result }) => {
    const engines = new Engines();
    let runs = 0;
    const work = async () => (runs++, result);
    const first = await errorOfRun(engines.start().engine.run(key, work, { scope }));
    const again = await errorOfRun(engines.start().engine.run(key, work, { scope }));
    expect(runs).toBe(1);
    expect(again).toBeInstanceOf(RememberedError);
    expect(again).toMatchObject({ message: (first as Error).message });
  });

  it('is asked for nothing else: one completion, no release', async () => {
    const engines = new Engines();
    const { engine, heard } = engines.start();
    const outcome = await engine.tryRun({ scope, key }, async () => ({ total: 1n }));
    expect(outcome).toMatchObject({ kind: 'remembered-error', replayed: false });
    expect(kindsOf(heard)).toEqual(['acquired', 'completed']);
    expect(engines.callsOf('release')).toEqual([]);
  });

  it('is the end of the work for callers that have joined', async () => {
    const { engine } = new Engines().start();
    const { work, begun, end, runs } = heldWork<unknown>();
    const calls = [1, 2].map(() => engine.tryRun({ scope, key }, work));
    await begun;
    end(Buffer.from('pdf'));
    expect(await Promise.all(calls)).toMatchObject([
      { kind: 'remembered-error', replayed: false },
      { kind: 'remembered-error', replayed: true },
    ]);
    expect(runs()).toBe(1);
  });

  it('may have methods like a stream if it says itself what its JSON is', async () => {
    const { engine } = new Engines().start();
    const call = () =>
      engine.run(key, async () => ({ pipe: () => 1, toJSON: () => ({ some: 1 }) }), { scope });
    expect([await call(), await call()]).toMatchObject([
      { kind: 'executed' },
      { kind: 'replayed', result: { some: 1 } },
    ]);
  });

  it('is an error if `serialize` returns a promise', async () => {
    const { engine } = new Engines().start();
    const options = { scope, serialize: async () => 'text', deserialize: String };
    const error = await errorOfRun(engine.run(key, async () => 1, options));
    expect(error).toBeInstanceOf(UnrecordableResultError);
    expect(error).toMatchObject({ message: expect.stringContaining('it is a promise') });
  });

  it('is recorded if `serialize` turns it into JSON', async () => {
    const { engine } = new Engines().start();
    const call = () =>
      engine.run(key, async () => Buffer.from('pdf'), {
        scope,
        serialize: (pdf) => pdf.toString('base64'),
        deserialize: (text) => Buffer.from(text, 'base64'),
      });
    expect([await call(), await call()]).toEqual([
      { kind: 'executed', result: Buffer.from('pdf') },
      { kind: 'replayed', result: Buffer.from('pdf') },
    ]);
  });
});

describe("an application's function that throws after the work", () => {
  const fault = new Error('a fault of the application');
  const throws = () => {
    throw fault;
  };

  it.each<{ name: string; options: object }>([
    { name: 'serialize', options: { serialize: throws, deserialize: String } },
    { name: 'rememberResult', options: { rememberResult: throws } },
  ])('is the recorded end, and the work is not repeated: $name', async ({ options }) => {
    const { engine } = new Engines().start();
    const { work, runs } = countedWork();
    const call = () => errorOfRun(engine.run(key, work, { scope, ...options }));
    expect(await call()).toBe(fault);
    expect(await call()).toMatchObject({ name: 'RememberedError', message: fault.message });
    expect(runs()).toBe(1);
  });

  it('does not lose the result: `origin` is asked before the work', async () => {
    const { engine } = new Engines().start({ origin: () => (runs() === 0 ? 'trace-1' : throws()) });
    const { work, runs } = countedWork();
    expect(await engine.run(key, work, { scope })).toEqual({ kind: 'executed', result: 1 });
  });
});

describe('a remembered exception whose response is not JSON', () => {
  it('keeps its status and message', async () => {
    const { engine } = new Engines().start();
    const declined = new HttpException({ amount: 1n }, 402);
    const call = () =>
      errorOfRun(engine.run(key, () => Promise.reject(declined), { scope, rememberError: () => true }));
    expect(await call()).toBe(declined);
    expect(await call()).toMatchObject({ status: 402, response: declined.message });
  });
});

describe('a caller that joins a running call', () => {
  /** The results of two calls, of which the first changes its own as soon as it has it. */
  async function twoCalls(options: object = {}) {
    const { engine, heard } = new Engines().start();
    const { work, begun, end } = heldWork<{ items: string[]; at: Date }>();
    const call = () => engine.run(key, work, { scope, ...options });
    const first = call().then((outcome) => {
      if (outcome.kind === 'executed') outcome.result.items.push('changed by the first caller');
      return outcome;
    });
    const second = call();
    await begun;
    end({ items: ['one'], at: new Date(0) });
    return { outcomes: await Promise.all([first, second]), heard };
  }
  const json = { items: ['one'], at: '1970-01-01T00:00:00.000Z' };

  it.each([{ recorded: true }, { recorded: false }])(
    'gets a copy, as from the record (recorded: $recorded)',
    async ({ recorded }) => {
      const { outcomes, heard } = await twoCalls({ rememberResult: () => recorded });
      expect(outcomes).toMatchObject([{ kind: 'executed' }, { kind: 'replayed', result: json }]);
      expect(heard).toContainEqual(expect.objectContaining({ from: 'running-call', result: json }));
    },
  );

  it('gets what `deserialize` makes of its own copy', async () => {
    const { outcomes } = await twoCalls({
      serialize: ({ items }: { items: string[] }) => items,
      deserialize: (items: string[]) => new Set(items),
    });
    expect(outcomes[1]).toEqual({ kind: 'replayed', result: new Set(['one']) });
  });

  it('fails if the result is neither recorded nor JSON, and may try again', async () => {
    const { engine } = new Engines().start();
    const { work, begun, end } = heldWork<bigint>();
    const call = () => engine.tryRun({ scope, key, rememberResult: () => false }, work);
    const calls = [call(), call()];
    await begun;
    end(1n);
    expect(await Promise.all(calls)).toMatchObject([
      { kind: 'executed', result: 1n },
      { kind: 'failed', code: 'work-failed', error: expect.any(UnrecordableResultError) },
    ]);
  });
});
