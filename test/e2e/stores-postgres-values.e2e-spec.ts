import { randomUUID } from 'node:crypto';
import {
  IdempotencyEvents,
  IdempotencyService,
  RememberedError,
  StoreUnavailableError,
  UnrecordableResultError,
} from 'nestjs-idempotent';
import { PostgresIdempotencyStore } from 'nestjs-idempotent/postgres';
import { ownDatabase, type OwnDatabase } from '../support/postgres-pool';
import { aBegin, aRecord } from '../support/store-steps';

const TIMES = { ttlSeconds: 600, leaseMs: 60_000 };
const scope = 'order';

let database: OwnDatabase;
let store: PostgresIdempotencyStore;
let key: string;

beforeAll(async () => {
  database = await ownDatabase();
  store = new PostgresIdempotencyStore(database.pool);
  await store.migrate();
});
beforeEach(() => {
  key = randomUUID();
});
afterAll(() => database.remove());

/** The engine of one process. */
function engine(): IdempotencyService {
  const own = new PostgresIdempotencyStore(database.pool);
  return new IdempotencyService(own, { store: own, ...TIMES }, new IdempotencyEvents());
}

describe('a result', () => {
  it.each([
    ['U+0000 in a text', { text: 'a\u0000b' }],
    ['U+0000 in a name', { 'a\u0000b': 1 }],
    ['U+0000 alone', '\u0000'],
    ['lone surrogates', { '\ud800': '\udc00 \ud83d', both: '\udc00\ud800' }],
    ['emoji and marks that combine', { '👩‍👩‍👧‍👦': 'e\u0301 \u00e9 🏳️‍🌈' }],
    ['what SQL, arrays and JSON quote', `\\ " ' {} , NULL $1 \n\r\t\u2028 \\u0000 {"a":"\\""}`],
    ['the text NULL', 'NULL'],
    ['nothing', ''],
    ['null', null],
    [
      'numbers at the ends of double precision',
      [1e308, Number.MAX_VALUE, 5e-324, -5e-324, 2 ** 53 - 1, 2 ** 53 + 2, 0.1 + 0.2, 1 / 3, 1e21, -1e-7],
    ],
  ])('is replayed exactly to another process: %s', async (_, result) => {
    expect(await engine().run(key, async () => result, { scope })).toEqual({ kind: 'executed', result });
    const replay = await engine().run(key, async () => 'another', { scope });
    expect(replay).toEqual({ kind: 'replayed', result });
  });

  it('is replayed as JSON has it: no negative zero, no NaN, no undefined', async () => {
    const result = { zero: -0, none: Number.NaN, endless: Infinity, absent: undefined };
    await engine().run(key, async () => result, { scope });
    const replay = await engine().run(key, async () => result, { scope });
    expect(replay.kind === 'replayed' && replay.result).toStrictEqual({ zero: 0, none: null, endless: null });
  });

  it('that is a bigint, is an error for its caller and its duplicates, and the work is not repeated', async () => {
    let runs = 0;
    const call = () => engine().run(key, async () => ({ total: BigInt(++runs) }), { scope });
    await expect(call()).rejects.toBeInstanceOf(UnrecordableResultError);
    await expect(call()).rejects.toThrow("it has a bigint in 'total'");
    expect(runs).toBe(1);
  });

  it('that is an error with U+0000 and a lone surrogate, is remembered with them', async () => {
    const failing = () => Promise.reject(new Error('a\u0000b\ud800'));
    const call = () => engine().run(key, failing, { scope, rememberError: () => true });
    await expect(call()).rejects.toThrow('a\u0000b\ud800');
    const again: unknown = await call().catch((error: unknown) => error);
    expect(again).toBeInstanceOf(RememberedError);
    expect(again).toMatchObject({ message: 'a\u0000b\ud800' });
  });
});

describe('results of 3 MB', () => {
  const large = (number: number) => `${number} `.repeat(3_000_000).slice(0, 3_000_000);

  it('are stored and replayed, 20 of them in one turn, although one statement has no time for all of them', async () => {
    const own = new PostgresIdempotencyStore(database.pool, { timeoutMs: 1_500 });
    const requests = Array.from({ length: 20 }, () => aBegin(randomUUID()));
    await Promise.all(requests.map((request) => own.begin(request)));
    const ends = requests.map((request, number) =>
      own.complete({ ...request, record: aRecord({ result: large(number) }) }),
    );
    expect(await Promise.all(ends)).toEqual(requests.map(() => ({ kind: 'stored' })));
    const replies = await Promise.all(requests.map((request) => store.begin(aBegin(request.key))));
    replies.forEach((reply, number) => {
      // Not by a matcher, which would print them.
      expect(reply.kind === 'completed' && reply.record.result === large(number)).toBe(true);
    });
  });
});

describe('U+0000 in a value of one step', () => {
  const wrong = 'a\u0000b';
  const says = /U\+0000: scope, key, owner token and fingerprint must not contain it/;

  it.each([
    ['key', { key: wrong }],
    ['scope', { scope: wrong }],
    ['fingerprint', { fingerprint: wrong }],
    ['owner token', { ownerToken: wrong }],
  ])('in the %s, fails that step, and none of the same turn', async (_, fields) => {
    const requests = [aBegin(randomUUID()), aBegin(randomUUID(), fields), aBegin(randomUUID())];
    const [before, failed, after] = await Promise.allSettled(requests.map((one) => store.begin(one)));
    expect([before, after]).toMatchObject([{ value: { kind: 'acquired' } }, { value: { kind: 'acquired' } }]);
    expect(failed).toMatchObject({ status: 'rejected', reason: { message: expect.stringMatching(says) } });
    // The database is well: the error is not the one that stops consumption.
    expect(failed).not.toMatchObject({ reason: expect.any(StoreUnavailableError) });
  });

  it('fails every kind of step, and none of the same turn', async () => {
    const owner = { ...aBegin(randomUUID()), key: wrong };
    const good = [aBegin(randomUUID()), aBegin(randomUUID()), aBegin(randomUUID())] as const;
    await Promise.all(good.map((request) => store.begin(request)));
    const failing = [
      store.complete({ ...owner, record: aRecord() }),
      store.extend(owner, 1_000),
      store.release(owner, { counting: 'counted' }),
      store.find(owner),
      store.forget(owner),
    ].map((step) => expect(step).rejects.toThrow(says));
    expect(
      await Promise.all([
        store.complete({ ...good[0], record: aRecord() }),
        store.extend(good[1], 60_000),
        store.release(good[2], { counting: 'counted' }),
      ]),
    ).toEqual([{ kind: 'stored' }, 'extended', 'released']);
    await Promise.all(failing);
  });
});
