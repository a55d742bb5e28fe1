import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { MemoryIdempotencyStore } from '../../src';
import { AnswersController, effects } from './answers.controller';
import { ADAPTERS, HttpApplication, asFirst, type Answer } from './http-application';

/** Like CORS or a request id: a header of each answer, whoever made it. */
function middleware(
  _: unknown,
  response: { setHeader(name: string, value: string): void },
  next: () => void,
) {
  response.setHeader('X-Request', randomUUID());
  next();
}

describe.each(ADAPTERS)('a replay on %s', (adapter) => {
  const store = new MemoryIdempotencyStore();
  let app: HttpApplication;

  beforeAll(async () => {
    app = await HttpApplication.open(adapter, {
      store,
      controllers: [AnswersController],
      configure: (nest) => nest.use(middleware),
    });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    effects.runs = 0;
  });

  async function twice(path: string, init: RequestInit = {}, body?: unknown): Promise<[Answer, Answer]> {
    const key = randomUUID();
    const first = await app.post(path, key, body, init);
    return [first, await app.post(path, key, body, init)];
  }

  it.each([
    { path: '/object', status: 201, body: '{"run":1}' },
    { path: '/excluded-method', status: 201, body: '{"id":"C1"}' },
    { path: '/excluded-below', status: 201, body: '[{"id":"C1","note":"for admins"}]' },
    { path: '/mapped', status: 201, body: '{"data":"TEXT"}' },
    { path: '/header', status: 202, body: 'plain text', headers: { 'x-kind': 'order' } },
    { path: '/type', status: 203, body: 'a,b', headers: { 'content-type': 'text/csv; charset=utf-8' } },
    { path: '/cookies', status: 201, body: '', headers: { 'x-limit': '7' }, cookies: ['a=1; Path=/', 'b=2'] },
    { path: '/redirect', status: 303, headers: { location: '/elsewhere' } },
    { path: '/empty', method: 'DELETE', status: 204, body: '' },
    { path: '/number', status: 201, body: '1' },
    {
      path: '/file',
      status: 201,
      body: '\u0000\u00ff\u0080\u0007',
      headers: { 'content-type': 'image/png', 'content-disposition': 'attachment; filename="a.png"' },
    },
    { path: '/stream', status: 201, body: 'one,two' },
    { path: '/buffer', status: 201, body: '\u0001\u0002\u00fa' },
    { path: '/error', status: 409, body: '{"sorry":"none left"}', headers: { 'x-stock': '0' } },
    { path: '/conflict', status: 409, body: expect.stringContaining('taken') as string },
  ])('is the first answer: $path', async ({ path, method = 'POST', ...expected }) => {
    const [first, second] = await twice(path, { method });
    expect(first).toMatchObject(expected);
    expect(first.headers).not.toHaveProperty('idempotent-replayed');
    expect(second.headers['idempotent-replayed']).toBe('true');
    const { 'x-request': id, ...headers } = asFirst(second).headers;
    expect({ ...second, headers }).toEqual({
      ...first,
      headers: Object.fromEntries(Object.entries(first.headers).filter(([name]) => name !== 'x-request')),
    });
    expect(id).not.toBe(first.headers['x-request']);
    expect(effects.runs).toBe(1);
  });

  it('has the cookies of middleware as well as those of the first answer', async () => {
    const own = await HttpApplication.open(adapter, {
      controllers: [AnswersController],
      configure: (nest) => {
        const cookies = ['session=1', 'csrf=2'];
        if (adapter === 'Fastify')
          (nest as NestFastifyApplication)
            .getHttpAdapter()
            .getInstance()
            .addHook('onRequest', async (_, reply) => void reply.header('Set-Cookie', [...cookies]));
        else
          nest.use((_: unknown, response: ServerResponse, next: () => void) => {
            response.setHeader('Set-Cookie', [...cookies]);
            next();
          });
      },
    });
    const key = randomUUID();
    const answers = [await own.post('/added-cookie', key), await own.post('/added-cookie', key)];
    await own.close();
    expect(answers.map(({ cookies }) => cookies)).toEqual(Array(2).fill(['session=1', 'csrf=2', 'order=3']));
  });

  it('is no error in the log', async () => {
    const lines: unknown[] = [];
    app.app.useLogger({
      log: () => undefined,
      warn: () => undefined,
      error: (...line: unknown[]) => lines.push(line),
    });
    await twice('/object');
    app.app.useLogger(false);
    expect(lines).toEqual([]);
  });

  it('has no more in its record than the first caller got', async () => {
    const key = randomUUID();
    await app.post('/excluded-method', key);
    const { record } = await store.find({ scope: 'AnswersController.excluded', key });
    expect(JSON.stringify(record)).not.toContain('hidden');
  });

  it.each([{ path: '/long' }, { path: '/long-text' }])(
    'of an answer that is too long is an error that says what to return: $path',
    async ({ path }) => {
      const [first, second] = await twice(path, {}, { bytes: 1_048_578 });
      expect(first).toMatchObject({
        status: 500,
        body: expect.stringContaining('must return less') as string,
      });
      expect(asFirst(second)).toMatchObject({ status: first.status, body: first.body });
      expect(effects.runs).toBe(1);
    },
  );

  it('of an answer that is just short enough is the answer', async () => {
    const [first, second] = await twice('/long', {}, { bytes: 1_048_576 });
    expect([first.status, first.body.length, second.body.length]).toEqual([201, 1_048_576, 1_048_576]);
  });

  it('of a result that is not JSON is the error that the first caller got', async () => {
    const [first, second] = await twice('/bigint');
    expect([first.status, second.status, effects.runs]).toEqual([500, 500, 1]);
  });
});
