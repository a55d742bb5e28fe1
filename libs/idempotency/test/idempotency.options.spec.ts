import { Idempotent, MemoryIdempotencyStore, type IdempotentOptions, type FailureHandler } from '../src';
import { checkEngine } from '../src/engine/engine.options';
import { isName } from '../src/engine/names';
import { checkOptions, checkTogether } from '../src/handlers/option-checks';

class Delaying implements FailureHandler {
  async handle(): Promise<'settled'> {
    return 'settled';
  }
}

/** The error for a handler's options; undefined if they are valid. */
function errorFor(options: IdempotentOptions): string | undefined {
  try {
    checkOptions(options, 'Orders.place');
    checkTogether(options, {}, 'Orders.place');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return undefined;
}

describe('valid options', () => {
  it.each<IdempotentOptions>([
    { scope: 'order' },
    { scope: 'x'.repeat(64), ttlSeconds: 1, leaseMs: 1 },
    { scope: 'order', key: { property: 'order.id' } },
    { scope: 'order', key: { header: 'x-key' } },
    { scope: 'order', key: () => 'abc' },
    { scope: 'order', whenInProgress: 'reject' },
    { scope: 'order', whenInProgress: 'onFailure', onFailure: Delaying },
    { scope: 'order', whenInProgress: { waitMs: 0, then: 'reject' } },
    { scope: 'order', whenInProgress: { waitMs: 10, then: 'onFailure' }, onFailure: Delaying },
    { scope: 'order', serialize: String, deserialize: Number },
  ])('pass: %j', (options) => {
    expect(errorFor(options)).toBeUndefined();
  });
});

describe('an invalid option', () => {
  const wrong: (Partial<IdempotentOptions> & { named: string })[] = [
    { scope: '', named: 'scope' },
    { scope: 'x'.repeat(65), named: 'scope' },
    { scope: 'two words', named: 'scope' },
    { scope: 'a:b', named: 'scope' },
    { scope: '{a}', named: 'scope' },
    { key: {}, named: 'key' },
    { key: { header: '' }, named: 'key' },
    { whenInProgress: { waitMs: -1, then: 'reject' }, named: 'whenInProgress.waitMs' },
    { whenInProgress: { waitMs: NaN, then: 'reject' }, named: 'whenInProgress.waitMs' },
    { whenInProgress: 'onFailure', named: 'onFailure' },
    { whenInProgress: { waitMs: 10, then: 'onFailure' }, named: 'onFailure' },
    ...[0, -1, 1.5, NaN, Infinity].flatMap((number) => [
      { ttlSeconds: number, named: 'ttlSeconds' },
      { leaseMs: number, named: 'leaseMs' },
    ]),
    { serialize: String, named: 'serialize and deserialize' },
    { deserialize: Number, named: 'serialize and deserialize' },
    { transaction: true, named: "transaction: true needs the module's option 'transactions'" },
  ];

  it.each(wrong)('is named in an error together with the handler: %j', ({ named, ...options }) => {
    const message = errorFor({ scope: 'order', ...options });
    expect(message).toMatch(/^@Idempotent\(\) on Orders\.place: /);
    expect(message).toContain(named);
  });

  it('is named together with all others in one error', () => {
    const message = errorFor({ scope: '', key: {}, ttlSeconds: 0, leaseMs: 0 });
    const named = ['scope', 'key', 'ttlSeconds', 'leaseMs'];
    expect(named.filter((name) => !message?.includes(name))).toEqual([]);
  });

  it('makes the decorator throw when the class is defined', () => {
    const decorate = () => {
      class Orders {
        @Idempotent({ scope: 'a:b' })
        place(): void {
          // Never runs: the class cannot even be made.
        }
      }
      return Orders;
    };
    expect(decorate).toThrow('@Idempotent() on Orders.place: scope must be');
  });
});

describe('a scope or tenant', () => {
  it.each(['order', 'order-mail', 'a.b/c', '~', 'x'.repeat(64)])('may be %p', (name) => {
    expect(isName(name)).toBe(true);
  });

  it.each(['', ' ', 'a b', 'a:b', '{', '}', 'ä', 'a\n', 'x'.repeat(65)])('cannot be %p', (name) => {
    expect(isName(name)).toBe(false);
  });
});

describe('an option with a wrong type', () => {
  /** Never called: `npm run typecheck` fails where one of these lines compiles. */
  function doesNotCompile(): void {
    // @ts-expect-error a scope is a string
    Idempotent({ scope: 7 });
    // @ts-expect-error there is no such option
    Idempotent({ scope: 'order', ttl: 60 });
    // @ts-expect-error the time is a number
    Idempotent({ scope: 'order', ttlSeconds: '60' });
    // @ts-expect-error there is no such location
    Idempotent({ scope: 'order', key: { query: 'key' } });
    // @ts-expect-error a key is a string
    Idempotent({ scope: 'order', key: () => 7 });
    // @ts-expect-error a key in progress: onFailure or reject
    Idempotent({ scope: 'order', whenInProgress: 'wait' });
    // @ts-expect-error after the wait: onFailure or reject
    Idempotent({ scope: 'order', whenInProgress: { waitMs: 100 } });
    // @ts-expect-error how long to wait is part of whenInProgress
    Idempotent({ scope: 'order', inProgressWaitMs: 100 });
    // @ts-expect-error a missing key is rejected or processed
    Idempotent({ scope: 'order', whenKeyMissing: 'ignore' });
    // @ts-expect-error the check is on or off, not both
    Idempotent({ scope: 'order', fingerprint: true });
    // @ts-expect-error the payload has no such property
    Idempotent<{ id: string }>({ scope: 'order', fingerprint: (order: { amount: number }) => order.amount });
    // @ts-expect-error the record is turned back into what the handler returns
    Idempotent<unknown, Date>({ scope: 'order', serialize: String, deserialize: Number });
    // @ts-expect-error a class that is not a FailureHandler
    Idempotent({ scope: 'order', onFailure: Date });
  }

  it('does not compile (npm run typecheck)', () => {
    expect(doesNotCompile).toBeInstanceOf(Function);
  });

  it('causes no TypeError at run time', () => {
    expect(doesNotCompile).not.toThrow(TypeError);
  });
});

describe('the clock tolerance', () => {
  const store = new MemoryIdempotencyStore();
  const tried = (clockToleranceMs?: number) => () =>
    checkEngine({ store, ttlSeconds: 1, leaseMs: 1, clockToleranceMs });

  it.each([undefined, 0, 1, 300_000])('may be %p', (clockToleranceMs) => {
    expect(tried(clockToleranceMs)).not.toThrow();
  });

  it.each([-1, 0.5, NaN, Infinity])('cannot be %p', (clockToleranceMs) => {
    expect(tried(clockToleranceMs)).toThrow('clockToleranceMs must be a whole number from 0');
  });
});
