import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import {
  Controller,
  Post,
  Res,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { defaultIfEmpty } from 'rxjs';
import { Idempotent } from '../../src';
import { ADAPTERS, HttpApplication, asFirst } from './http-application';

let runs = 0;

interface Reply {
  status(code: number): Reply;
  header(name: string, value: string): Reply;
  send(body: object): unknown;
}

class Defaulted implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(defaultIfEmpty({ nothing: true }));
  }
}

@Controller()
class Orders {
  /** It should return the answer, but with Express alone, this works. */
  @Post('sent')
  @Idempotent()
  async sent(@Res({ passthrough: true }) reply: Reply) {
    runs++;
    await Promise.resolve();
    reply.status(202).header('X-Order', '7').send({ accepted: true });
  }

  @Post('defaulted')
  @UseInterceptors(Defaulted)
  @Idempotent()
  defaulted() {
    runs++;
    return { order: runs, note: 'longer than the default' };
  }
}

describe.each(ADAPTERS)('an answer on %s', (adapter) => {
  let app: HttpApplication;

  beforeAll(async () => {
    app = await HttpApplication.open(adapter, {
      controllers: [Orders],
      configure: (nest) => {
        if (adapter === 'Express') nest.use(storedFirst);
      },
    });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    runs = 0;
  });

  it.each([
    { path: '/sent', status: 202, body: '{"accepted":true}' },
    { path: '/defaulted', status: 201, body: '{"order":1,"note":"longer than the default"}' },
  ])('is the same for all: $path', async ({ path, ...expected }) => {
    const key = randomUUID();
    const first = await app.post(path, key);
    const second = await app.post(path, key);
    expect(first).toMatchObject(expected);
    expect(asFirst(second)).toEqual(first);
    expect([second.headers['idempotent-replayed'], runs]).toEqual(['true', 1]);
  });
});

/** Like a session that is stored before the answer is sent. */
function storedFirst(_: unknown, response: ServerResponse, next: () => void) {
  const end = response.end.bind(response) as (...given: unknown[]) => unknown;
  response.end = (...given: unknown[]) => {
    setImmediate(() => end(...given));
    return response;
  };
  next();
}
