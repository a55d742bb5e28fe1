import { randomUUID } from 'node:crypto';
import {
  Body,
  Controller,
  Injectable,
  Post,
  RequestTimeoutException,
  Res,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Exclude } from 'class-transformer';
import { Subject, race, throwError, mergeMap, type Observable } from 'rxjs';
import { Idempotent, IdempotencyEvents, MemoryIdempotencyStore, type IdempotencyEvent } from '../../src';
import { ADAPTERS, HttpApplication } from './http-application';

/** Fires when the test says so, like a time-out. */
const timeOut = new Subject<void>();

/** As in NestJS' documentation, with a clock of our own. */
@Injectable()
class TimeoutInterceptor implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    const late = timeOut.pipe(mergeMap(() => throwError(() => new RequestTimeoutException())));
    return race(next.handle(), late);
  }
}

class Order {
  constructor(readonly id: string) {}
  @Exclude() readonly margin = 'secret';
}

let runs = 0;
let release: (error?: Error) => void = () => undefined;

/** Work that lasts until the test ends it. */
function work(): Promise<void> {
  runs++;
  return new Promise((resolve, reject) => {
    release = (error) => (error ? reject(error) : resolve());
  });
}

@Controller()
class Slow {
  @Post('timed')
  @Idempotent()
  @UseInterceptors(TimeoutInterceptor)
  async timed(@Body() { id }: { id: string }): Promise<Order> {
    await work();
    return new Order(id);
  }

  @Post('plain')
  @Idempotent()
  async plain(@Res({ passthrough: true }) reply: { header(name: string, value: string): unknown }) {
    await work();
    reply.header('X-Run', String(runs));
    return { runs };
  }
}

describe.each(ADAPTERS)('on %s', (adapter) => {
  const store = new MemoryIdempotencyStore();
  const events: IdempotencyEvent[] = [];
  let app: HttpApplication;
  let answerEarly: (() => void) | undefined;
  let key: string;

  beforeAll(async () => {
    app = await HttpApplication.open(adapter, {
      store,
      controllers: [Slow],
      configure: (nest) => {
        // Like a middleware with a time-out of its own.
        nest.use((_: unknown, response: import('node:http').ServerResponse, next: () => void) => {
          answerEarly = () => {
            response.statusCode = 503;
            response.end('too slow');
          };
          next();
        });
        nest.get(IdempotencyEvents).on((event) => events.push(event));
      },
    });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    runs = 0;
    key = randomUUID();
  });

  /** Resolves with the next event of this kind for the key. */
  async function seen(kind: IdempotencyEvent['kind']): Promise<void> {
    while (!events.some((event) => event.key === key && event.kind === kind))
      await new Promise((resolve) => setImmediate(resolve));
  }

  describe('a time-out around the handler', () => {
    it('ends the request, not the work: a retry gets the result of the work', async () => {
      const first = app.post('/timed', key, { id: 'O1' });
      await seen('acquired');
      timeOut.next();
      expect((await first).status).toBe(408);
      const found = await store.find({ scope: 'Slow.timed', key });
      expect(found.remainingLeaseMs).toBeGreaterThan(0);
      release();
      await seen('completed');
      expect(await app.post('/timed', key, { id: 'O1' })).toMatchObject({
        status: 201,
        body: '{"id":"O1"}',
        headers: { 'idempotent-replayed': 'true' },
      });
      expect(runs).toBe(1);
    });

    it('lets a retry wait for the running work', async () => {
      const first = app.post('/timed', key, { id: 'O1' });
      await seen('acquired');
      timeOut.next();
      await first;
      const retry = app.post('/timed', key, { id: 'O1' });
      release();
      expect(await retry).toMatchObject({ status: 201, body: '{"id":"O1"}' });
      expect(runs).toBe(1);
    });

    it('frees the key if the work fails later', async () => {
      const first = app.post('/timed', key, { id: 'O1' });
      await seen('acquired');
      timeOut.next();
      await first;
      release(new Error('out of luck'));
      await seen('released');
      const retry = app.post('/timed', key, { id: 'O1' });
      while (runs < 2) await new Promise((resolve) => setImmediate(resolve));
      release();
      expect((await retry).status).toBe(201);
    });
  });

  it('an answer of a middleware during the work is not recorded', async () => {
    const first = app.post('/timed', key, { id: 'O1' });
    await seen('acquired');
    answerEarly?.();
    expect(await first).toMatchObject({ status: 503, body: 'too slow' });
    release();
    await seen('completed');
    expect(await app.post('/timed', key, { id: 'O1' })).toMatchObject({ status: 201, body: '{"id":"O1"}' });
    expect(runs).toBe(1);
  });

  it('a client that went away gets the answer when it comes again', async () => {
    const abort = new AbortController();
    const first = app.post('/plain', key, undefined, { signal: abort.signal });
    await seen('acquired');
    abort.abort();
    await expect(first).rejects.toThrow();
    release();
    await seen('completed');
    expect(await app.post('/plain', key)).toMatchObject({ status: 201, body: '{"runs":1}' });
    expect(runs).toBe(1);
  });

  it('requests at the same time get one answer', async () => {
    const requests = [0, 1, 2].map(() => app.post('/plain', key));
    await seen('acquired');
    release();
    const answers = await Promise.all(requests);
    expect(answers.map(({ status, body, headers }) => [status, body, headers['x-run']])).toEqual(
      Array(3).fill([201, '{"runs":1}', '1']),
    );
    expect(answers.map(({ headers }) => headers['idempotent-replayed'] ?? 'first').sort()).toEqual([
      'first',
      'true',
      'true',
    ]);
  });
});
