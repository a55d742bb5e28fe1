import { OutcomeUnknownError, createIdempotentFetch, type IdempotentFetchSettings } from '../../src/client';
import { idempotentFetchWith } from '../../src/client/idempotent-fetch';
import { ImpatientTiming } from './impatient-timing';
import { ScriptedServer, type Step } from './scripted-server';

const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const done: Step = { status: 201, body: 'done' };
const retryAfter = (seconds: number): Step => ({
  status: 409,
  headers: { 'retry-after': String(seconds) },
});

let server: ScriptedServer;
let timing: ImpatientTiming;

beforeAll(async () => {
  server = await ScriptedServer.listen();
});
beforeEach(() => {
  timing = new ImpatientTiming();
});
afterAll(() => server.close());

const post = { method: 'POST', body: '{"amount":1}' };
const fetchWith = (settings?: IdempotentFetchSettings) => idempotentFetchWith(timing, settings);
const rejectionOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'it was resolved',
    (error: unknown) => error,
  );

describe('an operation without a key of the caller', () => {
  it('is sent with a UUID v4, which the answer names', async () => {
    server.will(done);
    const { idempotencyKey } = await fetchWith()(server.url, post);
    expect(server.keys).toEqual([idempotencyKey]);
    expect(idempotencyKey).toMatch(uuidV4);
  });

  it('has another key than the next one', async () => {
    server.will(done);
    const send = fetchWith();
    const [first, second] = [await send(server.url, post), await send(server.url, post)];
    expect(first.idempotencyKey).not.toBe(second.idempotencyKey);
  });
});

describe('a key of the caller', () => {
  it.each([
    { place: 'the option', init: { idempotencyKey: 'order-7' } },
    { place: 'a header', init: { headers: { 'idempotency-KEY': 'order-7' } } },
    { place: 'both', init: { idempotencyKey: 'order-7', headers: [['Idempotency-Key', 'order-7']] } },
  ] as const)('in $place is sent in all attempts', async ({ init }) => {
    server.will('drop', { status: 503 }, done);
    const answer = await fetchWith()(server.url, { ...post, ...init } as RequestInit);
    expect(server.keys).toEqual(['order-7', 'order-7', 'order-7']);
    expect(answer.idempotencyKey).toBe('order-7');
  });

  it('in a Request stays', async () => {
    server.will('drop', done);
    const request = new Request(server.url, { ...post, headers: { 'idempotency-key': 'order-8' } });
    await fetchWith()(request);
    expect(server.keys).toEqual(['order-8', 'order-8']);
  });

  it.each(['', 'two words', 'schlüssel', 'k'.repeat(256)])(
    '"%s" is refused: nothing is sent',
    async (key) => {
      server.will(done);
      const refused = await rejectionOf(fetchWith()(server.url, { ...post, idempotencyKey: key }));
      expect(String(refused)).toContain('1 to 255 visible ASCII characters');
      expect(server.requests).toEqual([]);
    },
  );

  it('that differs from that of the header is refused', async () => {
    server.will(done);
    const init = { ...post, idempotencyKey: 'one', headers: { 'idempotency-key': 'other' } };
    expect(String(await rejectionOf(fetchWith()(server.url, init)))).toContain('different keys');
    expect(server.requests).toEqual([]);
  });
});

describe('an answer that leaves the outcome open', () => {
  it.each([408, 409, 429, 502, 503, 504])('%d is repeated with the same key', async (status) => {
    server.will({ status }, { status }, done);
    const answer = await fetchWith()(server.url, post);
    expect([answer.status, await answer.text()]).toEqual([201, 'done']);
    expect(server.keys).toEqual(Array(3).fill(answer.idempotencyKey));
  });

  it.each([200, 201, 204, 304, 400, 401, 403, 404, 422, 500, 501])('%d is not', async (status) => {
    server.will({ status }, done);
    expect((await fetchWith()(server.url, post)).status).toBe(status);
    expect(server.requests).toHaveLength(1);
  });

  it('a 409 without Retry-After is repeated twice: after that, it is the answer', async () => {
    server.will({ status: 409, body: 'all attempts have failed' });
    const answer = await fetchWith()(server.url, post);
    expect([answer.status, await answer.text()]).toEqual([409, 'all attempts have failed']);
    expect(server.requests).toHaveLength(3);
  });

  it('is returned when there was no other in all attempts, with its key', async () => {
    server.will({ status: 503, body: 'try later' });
    const answer = await fetchWith({ maxAttempts: 4 })(server.url, { ...post, idempotencyKey: 'order-9' });
    expect([answer.status, await answer.text(), answer.idempotencyKey]).toEqual([
      503,
      'try later',
      'order-9',
    ]);
    expect(server.requests).toHaveLength(4);
  });
});

describe('no answer', () => {
  it('is followed by another attempt: the connection was dropped', async () => {
    server.will('drop', 'drop', done);
    const answer = await fetchWith()(server.url, post);
    expect(server.keys).toEqual(Array(3).fill(answer.idempotencyKey));
  });

  it('is followed by another attempt: it took longer than an attempt may', async () => {
    server.will('ignore', done);
    const answer = await fetchWith({ attemptTimeoutMs: 500 })(server.url, post);
    expect(answer.status).toBe(201);
  });

  it('in all attempts is an error with the key and the cause', async () => {
    server.will('drop');
    const error = await rejectionOf(fetchWith({ maxAttempts: 3 })(server.url, post));
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({
      name: 'OutcomeUnknownError',
      attempts: 3,
      idempotencyKey: server.keys[0],
      cause: expect.objectContaining({ message: 'fetch failed' }),
    });
    expect(server.keys).toEqual(Array(3).fill(server.keys[0]));
  });

  it('in all the time is an error with the key, also when all of it was one attempt', async () => {
    server.will('ignore');
    const error = await rejectionOf(fetchWith({ maxTotalMs: 50, maxAttempts: 1 })(server.url, post));
    expect(error).toMatchObject({ attempts: 1, cause: { message: 'no answer within 50 ms' } });
  });
});

describe('the wait between two attempts', () => {
  it('doubles, up to 8 s', async () => {
    server.will({ status: 503 });
    timing.chance = 1;
    await fetchWith({ maxAttempts: 8 })(server.url, post);
    expect(timing.waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 8_000]);
  });

  it('is anything down to nothing, by chance', async () => {
    server.will({ status: 503 });
    await fetchWith({ maxAttempts: 3 })(server.url, post);
    expect(timing.waits).toEqual([0, 0]);
  });

  it('is not shorter than Retry-After, and spread like the others', async () => {
    server.will(retryAfter(7), done);
    timing.chance = 0.5;
    await fetchWith()(server.url, post);
    expect(timing.waits).toEqual([7_125]);
  });

  it('does not begin if it would take longer than all attempts may: the answer is returned with its Retry-After', async () => {
    server.will(retryAfter(20), retryAfter(3600), done);
    const answer = await fetchWith({ maxTotalMs: 30_000 })(server.url, post);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([409, '3600']);
    expect(timing.waits).toEqual([20_000]);
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])(
    'of status %d keeps the key, and after it a repeat does, too',
    async (status) => {
      const moved: Step = { status, headers: { location: '/elsewhere' } };
      server.will(moved, { status: 503 }, moved, done);
      const answer = await fetchWith()(server.url, post);
      expect(server.requests.map(({ path }) => path)).toEqual(['/', '/elsewhere', '/', '/elsewhere']);
      expect(server.keys).toEqual(Array(4).fill(answer.idempotencyKey));
    },
  );
});

describe('limits that are not whole numbers from 1', () => {
  it.each([{ maxAttempts: 0 }, { attemptTimeoutMs: 1.5 }, { maxTotalMs: 2 ** 31 }, { maxTotalMs: NaN }])(
    'are refused when the function is made: %p',
    (settings) => {
      const [name = ''] = Object.keys(settings);
      expect(() => createIdempotentFetch(settings)).toThrow(RangeError);
      expect(() => createIdempotentFetch(settings)).toThrow(name);
    },
  );
});
