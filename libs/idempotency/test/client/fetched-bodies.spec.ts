import { Readable } from 'node:stream';
import { idempotentFetchWith } from '../../src/client/idempotent-fetch';
import { ImpatientTiming } from './impatient-timing';
import { ScriptedServer } from './scripted-server';

let server: ScriptedServer;
const send = () => idempotentFetchWith(new ImpatientTiming());
const bytes = () => new TextEncoder().encode('a=1');
const rejectionOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'it was resolved',
    (error: unknown) => String(error),
  );

function aForm(): FormData {
  const form = new FormData();
  form.set('name', 'invoice');
  form.set('file', new Blob(['content']), 'invoice.txt');
  return form;
}

beforeAll(async () => {
  server = await ScriptedServer.listen();
});
beforeEach(() => server.will('drop', { status: 503 }, { status: 201 }));
afterAll(() => server.close());

describe('each attempt of an operation', () => {
  it.each([
    { kind: 'a string', body: () => 'a=1', type: 'text/plain;charset=UTF-8' },
    { kind: 'an empty string', body: () => '', type: 'text/plain;charset=UTF-8' },
    { kind: 'a typed array', body: bytes, type: undefined },
    { kind: 'an ArrayBuffer', body: () => bytes().buffer, type: undefined },
    { kind: 'a Blob', body: () => new Blob(['a=1'], { type: 'text/csv' }), type: 'text/csv' },
    {
      kind: 'URLSearchParams',
      body: () => new URLSearchParams({ a: '1' }),
      type: 'application/x-www-form-urlencoded;charset=UTF-8',
    },
    { kind: 'a FormData, with one boundary', body: aForm, type: 'multipart/form-data; boundary' },
  ])('sends the same body and its type: $kind', async ({ body, type }) => {
    await send()(`${server.url}/orders?a=1`, { method: 'PUT', body: body() });
    const [first, ...others] = server.requests.map((request) => ({
      ...request,
      headers: { type: request.headers['content-type'], length: request.headers['content-length'] },
    }));
    expect(first).toMatchObject({ method: 'PUT', path: '/orders?a=1' });
    expect(first?.headers.length).toBe(String(first?.body.length));
    expect(first?.headers.type?.replace(/boundary=.*/, 'boundary')).toBe(type);
    expect(others).toEqual([first, first]);
  });

  it('sends the content type of the caller', async () => {
    const headers = { 'content-type': 'application/json' };
    await send()(server.url, { method: 'POST', headers, body: '{}' });
    expect(new Set(server.requests.map((request) => request.headers['content-type']))).toEqual(
      new Set(['application/json']),
    );
  });

  it('sends no body if there is none', async () => {
    await send()(server.url, { method: 'DELETE' });
    expect(server.requests.map(({ method, body }) => `${method} ${body}`)).toEqual(Array(3).fill('DELETE '));
  });

  it('sends what the body was at the call, whatever the caller changes then', async () => {
    const body = bytes();
    server.onRequest = () => body.fill(0);
    await send()(server.url, { method: 'POST', body });
    expect(server.requests.map((request) => request.body)).toEqual(['a=1', 'a=1', 'a=1']);
  });
});

describe('a Request', () => {
  const request = () =>
    new Request(`${server.url}/orders`, { method: 'POST', headers: { 'x-shop': '7' }, body: aForm() });

  it('is sent again with its method, headers and body, and one key', async () => {
    const { idempotencyKey } = await send()(request());
    const [first, ...others] = server.requests;
    expect(first).toMatchObject({ method: 'POST', path: '/orders', headers: { 'x-shop': '7' } });
    expect(first?.body).toContain('invoice.txt');
    expect(others).toEqual([first, first]);
    expect(server.keys).toEqual(Array(3).fill(idempotencyKey));
  });

  it('without a body has none in any attempt', async () => {
    await send()(new Request(server.url, { method: 'DELETE' }));
    expect(server.requests.map(({ method, body }) => `${method} ${body}`)).toEqual(Array(3).fill('DELETE '));
  });

  it('is sent with what the call says beside it', async () => {
    await send()(request(), { body: 'other', headers: { 'x-shop': '8' } });
    expect(server.requests).toMatchObject(Array(3).fill({ body: 'other', headers: { 'x-shop': '8' } }));
  });

  it('that was sent before is refused', async () => {
    const used = request();
    await used.text();
    expect(await rejectionOf(send()(used))).toContain('TypeError');
    expect(server.requests).toEqual([]);
  });
});

describe('a body that can be sent only once', () => {
  it.each([
    ['a ReadableStream', () => new Blob(['a']).stream()],
    ['a stream of Node.js', () => Readable.from(['a'])],
  ])('is refused before anything is sent, with what to pass instead: %s', async (_, body) => {
    const init = { method: 'POST', body: body(), duplex: 'half' } as unknown as RequestInit;
    expect(await rejectionOf(send()(server.url, init))).toContain('await new Response(stream).arrayBuffer()');
    expect(server.requests).toEqual([]);
  });
});

describe('an argument that fetch() does not take', () => {
  it.each([
    ['a URL without a host', 'http://', {}],
    ['a GET with a body', 'http://127.0.0.1', { body: 'a' }],
    ['a method that is not one', 'http://127.0.0.1', { method: 'two words' }],
  ])('is an error at once, not a network error that is repeated: %s', async (_, url, init) => {
    expect(await rejectionOf(send()(url, init))).toContain('TypeError');
  });
});
