import { randomUUID } from 'node:crypto';
import {
  BadRequestException,
  Body,
  Controller,
  Injectable,
  NotFoundException,
  Post,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { finalize, map, tap } from 'rxjs';
import {
  Idempotent,
  MemoryIdempotencyStore,
  StoreUnavailableError,
  idempotencyContextOf,
  type CompleteReply,
  type CompleteRequest,
} from '../../src';
import { ADAPTERS, HttpApplication } from './http-application';

/** A memory store whose `complete` can be held, fail, or lose to another process. */
class SteeredStore extends MemoryIdempotencyStore {
  before: (request: CompleteRequest) => Promise<CompleteReply | undefined> = () => Promise.resolve(undefined);

  override async complete(request: CompleteRequest): Promise<CompleteReply> {
    return (await this.before(request)) ?? super.complete(request);
  }
}

let runs = 0;
let isBroken = false;
const seen: unknown[] = [];

class Around implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(
      tap({ next: () => seen.push('value'), error: () => seen.push('error') }),
      map((data: object) => {
        if (isBroken) throw new Error('a bug around the handler');
        return { ...data, around: true };
      }),
      finalize(() => seen.push(idempotencyContextOf(execution)?.replayed ?? 'none')),
    );
  }
}

@Controller()
@Injectable()
@UseInterceptors(Around)
class Ends {
  @Post('work')
  @Idempotent({ leaseMs: 300, rememberResult: (result) => (result as { state: string }).state !== 'pending' })
  work(@Body() { state = 'done' }: { state?: string }) {
    runs++;
    if (state === 'invalid') throw new BadRequestException('no such state');
    if (state === 'missing') throw new NotFoundException();
    return { run: runs, state };
  }
}

describe.each(ADAPTERS)('on %s, the caller', (adapter) => {
  const store = new SteeredStore();
  let app: HttpApplication;
  let key: string;

  beforeAll(async () => {
    app = await HttpApplication.open(adapter, { store, controllers: [Ends] });
  });
  afterAll(() => app.close());
  beforeEach(() => {
    runs = 0;
    isBroken = false;
    seen.length = 0;
    key = randomUUID();
    store.before = () => Promise.resolve(undefined);
  });

  it('gets no answer before it is recorded', async () => {
    let isAnswered = false;
    let wasAnsweredBefore: boolean | undefined;
    store.before = async (request) => {
      if (request.key !== key) return undefined;
      // By the time another request was answered, this one would have been, too.
      await app.post('/work', randomUUID(), {});
      wasAnsweredBefore = isAnswered;
      return undefined;
    };
    await app.post('/work', key, {}).then(() => (isAnswered = true));
    expect([wasAnsweredBefore, isAnswered]).toEqual([false, true]);
  });

  it('gets 503 instead of an answer that could not be recorded', async () => {
    store.before = () => Promise.reject(new StoreUnavailableError('complete', new Error('gone')));
    const unknown = await app.post('/work', key, {});
    expect(unknown).toMatchObject({
      status: 503,
      headers: { 'content-type': 'application/problem+json; charset=utf-8', 'retry-after': '1' },
      body: expect.stringContaining('not known') as string,
    });
    expect(unknown.body).not.toContain('run');
  });

  it('gets the answer of the process that took over', async () => {
    const body = '{"run":"theirs"}';
    const result = { answer: { status: 202, headers: { 'x-theirs': '1' }, body, encoding: 'utf8' } };
    store.before = async ({ record }) => ({ kind: 'lost', record: { ...record, result } });
    expect(await app.post('/work', key, {})).toMatchObject({
      status: 202,
      body,
      headers: { 'x-theirs': '1', 'idempotent-replayed': 'true' },
    });
  });

  it('never gets an error from around the handler as the answer to its work', async () => {
    isBroken = true;
    expect((await app.post('/work', key, {})).status).toBe(500);
    isBroken = false;
    expect(await app.post('/work', key, {})).toMatchObject({
      status: 201,
      body: '{"run":1,"state":"done","around":true}',
    });
    expect(runs).toBe(1);
  });

  it('gets the answer of each run until a result is final', async () => {
    const pending = await app.post('/work', key, { state: 'pending' });
    expect(pending).toMatchObject({ status: 201, body: '{"run":1,"state":"pending","around":true}' });
    expect(await app.post('/work', key, { state: 'pending' })).toMatchObject({
      body: '{"run":2,"state":"pending","around":true}',
    });
  });

  it('may correct a request that was invalid, under the same key', async () => {
    expect((await app.post('/work', key, { state: 'invalid' })).status).toBe(400);
    expect((await app.post('/work', key, { state: 'done' })).status).toBe(201);
  });

  it('gets an error that is not remembered, and the next one runs', async () => {
    expect((await app.post('/work', key, { state: 'missing' })).status).toBe(404);
    expect((await app.post('/work', key, { state: 'missing' })).status).toBe(404);
    expect(runs).toBe(2);
  });

  it('gets a replay without what stands around the handler doing anything to it', async () => {
    await app.post('/work', key, {});
    await app.post('/work', key, {});
    expect(seen).toEqual(['value', false, true]);
  });
});
