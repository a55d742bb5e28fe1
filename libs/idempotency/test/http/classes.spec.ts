import { randomUUID } from 'node:crypto';
import { Body, Controller, Delete, Get, Patch, Post, Put } from '@nestjs/common';
import {
  Idempotent,
  IdempotencyContext,
  SkipIdempotency,
  type IdempotencyContext as Context,
} from '../../src';
import { ADAPTERS, HttpApplication } from './http-application';

const done: string[] = [];

class Base {
  @Patch('inherited')
  inherited(@Body() { id }: { id: string }) {
    done.push(`inherited ${id}`);
    return { id };
  }
}

@Controller('orders')
@Idempotent()
class Orders extends Base {
  @Get()
  all() {
    done.push('read');
  }

  @Post()
  place(@IdempotencyContext() context: Context) {
    done.push(context.scope);
  }

  @Put()
  @Idempotent({ scope: 'own', whenKeyMissing: 'process' })
  own() {
    done.push('own');
  }

  @Delete()
  @SkipIdempotency()
  skipped() {
    done.push('skipped');
  }
}

@Controller('bare')
class Bare extends Base {}

@Controller('scoped')
@Idempotent({ scope: 'scoped' })
class Scoped {
  @Post('one')
  one(@IdempotencyContext() context: Context) {
    done.push(context.scope);
  }

  @Post('two')
  two(@IdempotencyContext() context: Context) {
    done.push(context.scope);
  }
}

describe.each(ADAPTERS)('@Idempotent() on a class, on %s', (adapter) => {
  let app: HttpApplication;

  beforeAll(async () => {
    app = await HttpApplication.open(adapter, { controllers: [Orders, Bare, Scoped] });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    done.length = 0;
  });

  it.each([
    { method: 'POST', path: '/orders', protects: true },
    { method: 'PATCH', path: '/orders/inherited', protects: true },
    { method: 'PUT', path: '/orders', protects: true },
    { method: 'DELETE', path: '/orders', protects: false },
    { method: 'GET', path: '/orders', protects: false },
    { method: 'PATCH', path: '/bare/inherited', protects: false },
  ])(
    'is for the routes that change something: $method $path, $protects',
    async ({ method, path, protects }) => {
      const key = randomUUID();
      const body = method === 'GET' ? undefined : { id: 'O1' };
      const answers = [
        await app.post(path, key, body, { method }),
        await app.post(path, key, body, { method }),
      ];
      expect(answers.map(({ status }) => status < 300)).toEqual([true, true]);
      expect([answers[1]?.headers['idempotent-replayed'] === 'true', done.length]).toEqual(
        protects ? [true, 1] : [false, 2],
      );
    },
  );

  it('requires a key, where the route has no options of its own', async () => {
    const statuses = ['POST', 'PUT', 'DELETE'].map(
      async (method) => (await app.fetch('/orders', { method })).status,
    );
    expect(await Promise.all(statuses)).toEqual([400, 200, 200]);
  });

  it('gives each route a scope of its own', async () => {
    const key = randomUUID();
    for (const path of ['/orders', '/scoped/one', '/scoped/two']) await app.post(path, key);
    expect(done).toEqual(['Orders.place', 'scoped.one', 'scoped.two']);
  });
});

describe('@Idempotent() where nothing would be protected', () => {
  it('is refused on a class of which another overrides a route', async () => {
    @Controller('derived')
    class Derived extends Orders {
      @Post()
      override place() {
        done.push('derived');
      }
    }
    await expect(HttpApplication.open('Express', { controllers: [Derived] })).rejects.toThrow(
      'Derived.place is not protected; put it on Derived as well',
    );
  });

  it('is refused on a static method', () => {
    const decorated = () => {
      class Tools {
        @Idempotent()
        static run() {
          return undefined;
        }
      }
      return Tools;
    };
    expect(decorated).toThrow('@Idempotent() on Tools.run');
  });
});

describe('with IDEMPOTENCY_DISABLED', () => {
  const before = { ...process.env };
  afterEach(() => {
    for (const name of ['IDEMPOTENCY_DISABLED', 'NODE_ENV']) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
  });

  it('each request is processed, with or without a key', async () => {
    process.env['IDEMPOTENCY_DISABLED'] = 'true';
    const app = await HttpApplication.open('Express', { controllers: [Scoped] });
    done.length = 0;
    const statuses = [
      (await app.post('/scoped/one', 'k')).status,
      (await app.post('/scoped/one', 'k')).status,
      (await app.fetch('/scoped/one')).status,
    ];
    await app.close();
    expect([statuses, done.length]).toEqual([[201, 201, 201], 3]);
  });

  it('an application in production does not start', async () => {
    Object.assign(process.env, { IDEMPOTENCY_DISABLED: '1', NODE_ENV: 'production' });
    await expect(HttpApplication.open('Express', { controllers: [Scoped] })).rejects.toThrow(
      'IDEMPOTENCY_DISABLED',
    );
  });
});
