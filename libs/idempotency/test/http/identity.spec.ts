import { randomUUID } from 'node:crypto';
import { Controller, Delete, Injectable, Param, Post, Put, Query } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Idempotent, type IncomingRequest } from '../../src';
import { ADAPTERS, HttpApplication } from './http-application';

const done: string[] = [];

@Controller('orders')
@Injectable()
class Orders {
  @Post(':id/cancel')
  @Idempotent()
  cancel(@Param('id') id: string) {
    done.push(`cancel ${id}`);
    return { cancelled: id };
  }

  @Delete(':id')
  @Idempotent({ scope: 'change' })
  remove(@Param('id') id: string) {
    done.push(`remove ${id}`);
    return { removed: id };
  }

  @Put(':id')
  @Idempotent({ fingerprint: ['total'] })
  change(@Param('id') id: string, @Query('mode') mode = '') {
    done.push(`change ${id} ${mode}`);
    return {};
  }

  @Post('named')
  @Idempotent({ fingerprint: ['order.id', 'order.note?'] })
  named() {
    done.push('named');
    return {};
  }

  @Post('computed')
  @Idempotent<{ total: number }>({
    fingerprint: ({ total }, { source }: IncomingRequest) => [
      total,
      (source as { headers: Record<string, string> }).headers['x-version'],
    ],
  })
  computed() {
    done.push('computed');
    return {};
  }

  @Post('unchecked')
  @Idempotent({ fingerprint: false })
  unchecked() {
    done.push('unchecked');
    return {};
  }

  @Post('raw')
  @Idempotent()
  raw() {
    done.push('raw');
    return {};
  }

  @Post('tenant')
  @Idempotent({
    tenant: ({ headers }) => (headers as Record<string, string | undefined>)['x-user'],
  })
  tenant() {
    done.push('tenant');
    return { place: done.length };
  }

  @Post('header')
  @Idempotent({ key: { header: 'X-Request-Key' } })
  header() {
    done.push('header');
    return {};
  }
}

beforeEach(() => {
  done.length = 0;
});

describe.each(ADAPTERS)('on %s, the same key', (adapter) => {
  let app: HttpApplication;
  let key: string;

  beforeAll(async () => {
    app = await HttpApplication.open(adapter, { controllers: [Orders] });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    key = randomUUID();
  });

  it.each([
    { what: 'parameter of the route', one: '/orders/1/cancel', other: '/orders/2/cancel', method: 'POST' },
    { what: 'parameter, without a body', one: '/orders/7', other: '/orders/8', method: 'DELETE' },
    { what: 'query', one: '/orders/1?mode=a', other: '/orders/1?mode=b', method: 'PUT', body: { total: 1 } },
    {
      what: 'query that was not there',
      one: '/orders/1/cancel',
      other: '/orders/1/cancel?x=1',
      method: 'POST',
    },
  ])('with another $what is another request: 422', async ({ one, other, method, body }) => {
    const first = await app.post(one, key, body, { method });
    const second = await app.post(other, key, body, { method });
    expect([first.status < 300, second.status]).toEqual([true, 422]);
    expect(done).toHaveLength(1);
    expect(await app.post(one, key, body, { method })).toMatchObject({
      status: first.status,
      body: first.body,
    });
  });

  it('with another body is another request, with the same properties in another order is not', async () => {
    await app.post('/orders/1/cancel', key, { a: 1, b: 2 });
    expect((await app.post('/orders/1/cancel', key, { b: 2, a: 1 })).status).toBe(201);
    expect((await app.post('/orders/1/cancel', key, { a: 1, b: 3 })).status).toBe(422);
    expect(done).toEqual(['cancel 1']);
  });

  it('with the query in another order is the same request', async () => {
    await app.post('/orders/1/cancel?a=1&b=2', key);
    expect((await app.post('/orders/1/cancel?b=2&a=1', key)).status).toBe(201);
  });

  it('is refused without a property that makes it the same request: 400 with its name', async () => {
    const answer = await app.post('/orders/named', key, { order: {} });
    expect(answer).toMatchObject({ status: 400, body: expect.stringContaining('order.id') as string });
    expect((await app.post('/orders/named', key, { order: { id: 1 } })).status).toBe(201);
    expect((await app.post('/orders/named', key, { order: { id: 1, note: 'x' } })).status).toBe(422);
    expect(done).toEqual(['named']);
  });

  it('is compared by a function of payload and request', async () => {
    const post = (total: number, version: string) =>
      app.post(
        '/orders/computed',
        key,
        { total, other: Math.random() },
        { headers: { 'x-version': version } },
      );
    expect([(await post(1, 'a')).status, (await post(1, 'a')).status]).toEqual([201, 201]);
    expect([(await post(2, 'a')).status, (await post(1, 'b')).status]).toEqual([422, 422]);
    expect(done).toEqual(['computed']);
  });

  it('is not compared where that is switched off', async () => {
    await app.post('/orders/unchecked', key, { a: 1 });
    expect((await app.post('/orders/unchecked', key, { a: 2 })).status).toBe(201);
    expect(done).toEqual(['unchecked']);
  });

  it('with a body that nobody has read is refused, with the way out', async () => {
    const answer = await app.post('/orders/raw', key, undefined, {
      headers: { 'content-type': 'application/x-unknown' },
      body: 'raw',
    });
    expect(answer.status).toBe(415);
    expect(done).toEqual([]);
  });

  it('with a body of which an older parser left an empty object is refused', async () => {
    const legacy = await HttpApplication.open(adapter, {
      controllers: [Orders],
      configure: (nest) => {
        if (adapter === 'Fastify')
          (nest as NestFastifyApplication)
            .getHttpAdapter()
            .getInstance()
            .addContentTypeParser('*', (_request, body, parsed) => {
              body.resume().once('end', () => parsed(null, {}));
            });
        else
          nest.use((request: { body?: unknown }, _: unknown, next: () => void) => {
            request.body ??= {};
            next();
          });
      },
    });
    const send = (type: string, body: string) =>
      legacy.post('/orders/raw', randomUUID(), undefined, { headers: { 'content-type': type }, body });
    const statuses = [
      (await send('application/xml', '<a/>')).status,
      (await send('multipart/form-data; boundary=b', '--b--')).status,
      (await send('application/json', '{}')).status,
    ];
    await legacy.close();
    expect(statuses).toEqual([415, 415, 201]);
  });

  it('belongs to one tenant; a request without one is refused', async () => {
    const post = (user?: string) =>
      app.post('/orders/tenant', key, undefined, {
        ...(user !== undefined && { headers: { 'x-user': user } }),
      });
    const answers = [
      await post('urn:user:1'),
      await post('urn:user:2'),
      await post('urn:user:1'),
      await post(),
    ];
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [201, '{"place":1}'],
      [201, '{"place":2}'],
      [201, '{"place":1}'],
      [400, expect.stringContaining('tenant')],
    ]);
    expect(done).toHaveLength(2);
  });

  it.each(['', '"', '";v=1', '" ; a; b="c"'])(
    'may be quoted, whatever its header is called: %j',
    async (end) => {
      const send = (value: string) =>
        app.fetch('/orders/header', { headers: { 'x-REQUEST-key': value } }).then(({ status }) => status);
      const value = end === '' ? key : `"${key}${end}`;
      expect([await send(key), await send(value)]).toEqual([201, 201]);
      expect(done).toEqual(['header']);
    },
  );

  it('is missing if that header is not there', async () => {
    expect((await app.post('/orders/header', key)).status).toBe(400);
  });
});
