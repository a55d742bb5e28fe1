import { OutcomeUnknownError, createIdempotentFetch } from '../../src/client';
import { idempotentFetchWith } from '../../src/client/idempotent-fetch';
import { REAL_TIMING } from '../../src/client/repeat';
import { ScriptedServer } from './scripted-server';

let server: ScriptedServer;
const rejectionOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'it was resolved',
    (error: unknown) => error,
  );

beforeAll(async () => {
  server = await ScriptedServer.listen();
});
afterAll(() => server.close());

describe('the caller aborts', () => {
  const anHour = { status: 409, headers: { 'retry-after': '3600' } };
  const limits = { maxTotalMs: 7_200_000 };
  let caller: AbortController;
  const call = (send = createIdempotentFetch(limits)) =>
    rejectionOf(send(server.url, { method: 'POST', idempotencyKey: 'order-7', signal: caller.signal }));

  beforeEach(() => {
    caller = new AbortController();
  });

  it('before the call: nothing is sent', async () => {
    server.will({ status: 201 });
    caller.abort();
    expect(await call()).toMatchObject({ name: 'AbortError', attempts: 0, idempotencyKey: 'order-7' });
    expect(server.requests).toEqual([]);
  });

  it('while the server works: the call ends, with the key and the reason', async () => {
    server.will('ignore');
    const reason = new Error('the user left');
    server.onRequest = () => caller.abort(reason);
    const error = await call();
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({ cause: reason, attempts: 1, idempotencyKey: 'order-7' });
  });

  it('in a wait of an hour: the call ends, and nothing more is sent', async () => {
    server.will(anHour, { status: 201 });
    const pause: typeof REAL_TIMING.pause = (ms, signal) => {
      setImmediate(() => caller.abort());
      return REAL_TIMING.pause(ms, signal);
    };
    const error = await call(idempotentFetchWith({ ...REAL_TIMING, pause }, limits));
    expect(error).toMatchObject({ name: 'AbortError', attempts: 1 });
    expect(server.requests).toHaveLength(1);
  });

  it('with a time-out: the error has the name that fetch() gives it', async () => {
    server.will('ignore');
    const send = createIdempotentFetch();
    const init = { idempotencyKey: 'order-7', signal: AbortSignal.timeout(50) };
    expect(await rejectionOf(send(server.url, init))).toMatchObject({
      name: 'TimeoutError',
      attempts: 1,
      idempotencyKey: 'order-7',
    });
  });

  it('through the signal of a Request', async () => {
    server.will('ignore');
    server.onRequest = () => caller.abort();
    const request = new Request(server.url, { method: 'POST', body: 'a', signal: caller.signal });
    expect(await rejectionOf(createIdempotentFetch()(request))).toMatchObject({ name: 'AbortError' });
  });

  it('while the body of a Request is still read', async () => {
    server.will({ status: 201 });
    const body = new ReadableStream({ pull: () => caller.abort() });
    const init = { method: 'POST', body, duplex: 'half', signal: caller.signal } as RequestInit;
    expect(await rejectionOf(createIdempotentFetch()(new Request(server.url, init)))).toMatchObject({
      name: 'AbortError',
    });
    expect(server.requests).toEqual([]);
  });
});
