import type { Answered, JsonOf, NotStarted } from '../src';
import { Engines, scope } from './engine-under-test';

/** True only if both types are the same; assigning `true` to it is checked by `npm run typecheck`. */
type Same<One, Other> =
  (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;

interface Line {
  readonly sku: string;
  note: string | undefined;
  total(): number;
}
interface Order {
  readonly id: string;
  at: Date;
  due?: Date;
  lines: Line[];
  status: 'open' | 'paid';
  extra: unknown;
  parent: Order | null;
  at2: [Date, undefined];
  [Symbol.toStringTag]: string;
}

const key = 'abc-123';

describe('the JSON of a type', () => {
  const holds: [
    Same<JsonOf<'a' | 1 | true | null>, 'a' | 1 | true | null>,
    Same<JsonOf<Date>, string>,
    Same<JsonOf<void>, null>,
    Same<JsonOf<undefined>, null>,
    Same<JsonOf<Date | undefined>, string | null>,
    Same<JsonOf<unknown>, unknown>,
    Same<JsonOf<bigint>, never>,
    Same<JsonOf<Line>, { readonly sku: string; note?: string }>,
    Same<JsonOf<Record<string, Date>>, Record<string, string>>,
    Same<JsonOf<readonly Date[]>, readonly string[]>,
    Same<JsonOf<[Date, undefined, () => void]>, [string, null, null]>,
    Same<JsonOf<{ rates: Map<string, number> }>, { rates: Record<string, never> }>,
    Same<keyof JsonOf<{ a: () => void; b: symbol; c: undefined }>, never>,
    Same<JsonOf<{ amount: bigint }>, { amount: never }>,
    Same<JsonOf<Order>['lines'], { readonly sku: string; note?: string }[]>,
    Same<JsonOf<Order>['at' | 'due'], string | undefined>,
    Same<JsonOf<Order>['at2'], [string, null]>,
    Same<JsonOf<Order>['extra'], unknown>,
    Same<keyof JsonOf<Order>, 'id' | 'at' | 'due' | 'lines' | 'status' | 'extra' | 'parent' | 'at2'>,
    Same<NonNullable<NonNullable<JsonOf<Order>['parent']>['parent']>['at'], string>,
  ] = [
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
  ];

  it('says what a replay has (npm run typecheck)', () => {
    expect(new Set(holds)).toEqual(new Set([true]));
  });
});

describe('what run() returns', () => {
  const { engine } = new Engines().start();
  const at = new Date('2026-01-02T03:04:05Z');

  it('is what the work returned, and then its JSON', async () => {
    const call = () => engine.run(key, async () => ({ at, send: () => 1, none: undefined }), { scope });
    const [first, second] = [await call(), await call()];
    if (first.kind !== 'executed' || second.kind !== 'replayed') throw new Error('not an answer');
    const executed: { at: Date; send: () => number } = first.result;
    const replayed: { at: string } = second.result;
    expect([executed.at, executed.send(), replayed]).toEqual([at, 1, { at: at.toISOString() }]);
  });

  it('is what `deserialize` returns, from what `serialize` returned', async () => {
    const call = () =>
      engine.run('total', async () => 2n ** 64n, {
        scope,
        serialize: (total) => ({ total: String(total), made: at }),
        // Typed from `serialize`: the date is text.
        deserialize: ({ total, made }) => ({ total: BigInt(total), year: made.slice(0, 4) }),
      });
    const [first, second] = [await call(), await call()];
    const typed: Same<typeof first, Answered<bigint, { total: bigint; year: string }> | NotStarted> = true;
    expect([typed, first, second]).toEqual([
      true,
      { kind: 'executed', result: 2n ** 64n },
      { kind: 'replayed', result: { total: 2n ** 64n, year: '2026' } },
    ]);
  });

  it('is typed in a work with a context, too', async () => {
    const outcome = await engine.run('context', async ({ attempt }) => ({ attempt, at }), {
      scope,
      serialize: (result) => result,
      deserialize: (stored) => ({ ...stored, at: new Date(stored.at) }),
    });
    if (outcome.kind === 'failed') throw new Error(outcome.code);
    const result: { attempt: number; at: Date } = outcome.result;
    expect(result).toEqual({ attempt: 1, at });
  });

  it('has steps that are typed as JSON', async () => {
    const outcome = await engine.run(
      'steps',
      async (context) => {
        const made = await context.step('make', async () => ({ at, send: () => 1 }));
        const typed: Same<typeof made, { at: string }> = true;
        const nothing: null = await context.step('nothing', async () => undefined);
        return [typed, made, nothing];
      },
      { scope },
    );
    expect(outcome).toMatchObject({ result: [true, { at: at.toISOString() }, null] });
  });

  it('has a result without serialize only as JSON', () => {
    /** Never called: `npm run typecheck` fails where one of these lines compiles. */
    async function doesNotCompile(): Promise<unknown> {
      const outcome = await engine.run(key, async () => ({ at }), { scope });
      if (outcome.kind === 'failed') return undefined;
      // @ts-expect-error a replay has text
      const executed: { at: Date } = outcome.result;
      if (executed.at > at) return undefined;
      // @ts-expect-error there is no serialize
      return engine.run(key, async () => at, { scope, deserialize: (stored: unknown) => String(stored) });
    }
    expect(doesNotCompile).toBeInstanceOf(Function);
  });
});
