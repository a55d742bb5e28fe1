import { randomUUID } from 'node:crypto';
import {
  Catch,
  Controller,
  Post,
  UseInterceptors,
  type ArgumentsHost,
  type CallHandler,
  type ExceptionFilter,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { EMPTY, firstValueFrom, map, retry } from 'rxjs';
import { Idempotent } from '../../src';
import { ADAPTERS, HttpApplication } from './http-application';

let runs = 0;
let failures = 0;

/** Calls the handler again for the same request. */
class Retry implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(retry(2));
  }
}

class Fragile implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((result: unknown) => failing(result)));
  }
}

function failing<T>(result: T): T {
  if (failures-- > 0) throw new Error('not this time');
  return result;
}

@Controller()
class Surrounded {
  @Post('handler-fails')
  @UseInterceptors(Retry)
  @Idempotent()
  handlerFails() {
    runs++;
    return failing({ run: runs });
  }

  @Post('nothing-comes')
  @Idempotent()
  nothingComes() {
    return firstValueFrom(EMPTY);
  }

  @Post('mapping-fails')
  @UseInterceptors(Retry, Fragile)
  @Idempotent()
  mappingFails() {
    runs++;
    return { run: runs };
  }
}

/** Like those that map all errors to the application's own form. */
@Catch()
class AllErrors implements ExceptionFilter {
  constructor(private readonly app: INestApplication) {}

  catch(error: Error, host: ArgumentsHost): void {
    const response: unknown = host.switchToHttp().getResponse();
    (this.app.getHttpAdapter() as AbstractHttpAdapter).reply(response, { own: error.name }, 418);
  }
}

describe.each(ADAPTERS)('an error for filters of the application, on %s,', (adapter) => {
  let app: HttpApplication;

  beforeAll(async () => {
    app = await HttpApplication.open(adapter, {
      controllers: [Surrounded],
      configure: (nest) => nest.useGlobalFilters(new AllErrors(nest)),
    });
  });
  afterAll(() => app.close());

  it('may be one of RxJS', async () => {
    expect(await app.post('/nothing-comes', randomUUID())).toMatchObject({
      status: 418,
      body: '{"own":"EmptyError"}',
    });
  });

  it('is none for a replay, or a problem', async () => {
    const key = randomUUID();
    failures = 0;
    const answers = [
      await app.post('/handler-fails', key),
      await app.post('/handler-fails', key),
      await app.post('/handler-fails', key, { other: 1 }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 422]);
  });
});

describe.each(ADAPTERS)('an interceptor that calls the handler again, on %s,', (adapter) => {
  let app: HttpApplication;

  beforeAll(async () => {
    app = await HttpApplication.open(adapter, { controllers: [Surrounded] });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    runs = 0;
  });

  it('gets another run after one that failed', async () => {
    const key = randomUUID();
    failures = 2;
    expect(await app.post('/handler-fails', key)).toMatchObject({ status: 201, body: '{"run":3}' });
    expect(await app.post('/handler-fails', key)).toMatchObject({ status: 201, body: '{"run":3}' });
    expect(runs).toBe(3);
  });

  it('gets the result of work that is done', async () => {
    const key = randomUUID();
    failures = 2;
    expect(await app.post('/mapping-fails', key)).toMatchObject({ status: 201, body: '{"run":1}' });
    expect(await app.post('/mapping-fails', key)).toMatchObject({ status: 201, body: '{"run":1}' });
    expect(runs).toBe(1);
  });
});
