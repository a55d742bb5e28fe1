import { randomUUID } from 'node:crypto';
import {
  Controller,
  Post,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { map, retry } from 'rxjs';
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

  @Post('mapping-fails')
  @UseInterceptors(Retry, Fragile)
  @Idempotent()
  mappingFails() {
    runs++;
    return { run: runs };
  }
}

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
