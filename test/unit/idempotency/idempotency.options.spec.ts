import { Idempotent, type IdempotentOptions, type FailureHandler } from '../../../src/idempotency';
import {
  checkModule,
  checkOptions,
  checkTogether,
  isName,
} from '../../../src/idempotency/idempotency.options';

class Delaying implements FailureHandler {
  async handle(): Promise<'settled'> {
    return 'settled';
  }
}

/** What is said about a handler's options; nothing when they are right. */
function complaintAbout(options: IdempotentOptions): string | undefined {
  try {
    checkOptions(options, 'Orders.place');
    checkTogether(options, 'Orders.place');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return undefined;
}

describe('options that are right', () => {
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
    expect(complaintAbout(options)).toBeUndefined();
  });
});

describe('an option that is wrong', () => {
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
  ];

  it.each(wrong)('is named with the handler: %j', ({ named, ...options }) => {
    const complaint = complaintAbout({ scope: 'order', ...options });
    expect(complaint).toMatch(/^@Idempotent\(\) on Orders\.place: /);
    expect(complaint).toContain(named);
  });

  it('is named with all others in one error', () => {
    const complaint = complaintAbout({ scope: '', key: {}, ttlSeconds: 0, leaseMs: 0 });
    const named = ['scope', 'key', 'ttlSeconds', 'leaseMs'];
    expect(named.filter((name) => !complaint?.includes(name))).toEqual([]);
  });

  it('stops the decorator where it stands', () => {
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

  it.each(['', ' ', 'a b', 'a:b', '{', '}', 'ä', 'a\n', 'x'.repeat(65)])('is not %p', (name) => {
    expect(isName(name)).toBe(false);
  });
});

describe('a wrong option that the compiler finds', () => {
  /** Never called: `npm run typecheck` fails where one of these lines compiles. */
  function doesNotCompile(): void {
    // @ts-expect-error a scope is required
    Idempotent({});
    // @ts-expect-error a scope is a text
    Idempotent({ scope: 7 });
    // @ts-expect-error there is no such option
    Idempotent({ scope: 'order', ttl: 60 });
    // @ts-expect-error the time is in numbers
    Idempotent({ scope: 'order', ttlSeconds: '60' });
    // @ts-expect-error there is no such place
    Idempotent({ scope: 'order', key: { query: 'key' } });
    // @ts-expect-error a key is a text
    Idempotent({ scope: 'order', key: () => 7 });
    // @ts-expect-error a busy key is delayed or rejected
    Idempotent({ scope: 'order', whenInProgress: 'wait' });
    // @ts-expect-error after the wait it is delayed or rejected
    Idempotent({ scope: 'order', whenInProgress: { waitMs: 100 } });
    // @ts-expect-error how long to wait is part of whenInProgress
    Idempotent({ scope: 'order', inProgressWaitMs: 100 });
    // @ts-expect-error a missing key is rejected or processed
    Idempotent({ scope: 'order', whenKeyMissing: 'ignore' });
    // @ts-expect-error the check is on or off, not both
    Idempotent({ scope: 'order', fingerprint: true });
    // @ts-expect-error the payload has no such member
    Idempotent<{ id: string }>({ scope: 'order', fingerprint: (order: { amount: number }) => order.amount });
    // @ts-expect-error the record is turned back into what the handler returns
    Idempotent<unknown, Date>({ scope: 'order', serialize: String, deserialize: Number });
    // @ts-expect-error a class that handles nothing
    Idempotent({ scope: 'order', onFailure: Date });
  }

  it('is left to it: nothing of this is code that runs', () => {
    expect(doesNotCompile).toBeInstanceOf(Function);
  });

  it('is found at start where there is no compiler', () => {
    expect(doesNotCompile).not.toThrow(TypeError);
  });
});

describe('the tolerance for clocks', () => {
  const tried = (clockToleranceMs?: number) => () =>
    checkModule({ ttlSeconds: 1, leaseMs: 1, ...(clockToleranceMs !== undefined && { clockToleranceMs }) });

  it.each([undefined, 0, 1, 300_000])('may be %p', (clockToleranceMs) => {
    expect(tried(clockToleranceMs)).not.toThrow();
  });

  it.each([-1, 0.5, NaN, Infinity])('cannot be %p', (clockToleranceMs) => {
    expect(tried(clockToleranceMs)).toThrow('clockToleranceMs must be a whole number from 0');
  });
});
