import {
  Body,
  Catch,
  Controller,
  Post,
  UseFilters,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiDocument } from '../../../test/support/api-document';
import {
  Idempotent,
  IdempotencyError,
  IdempotencyProblem,
  MemoryIdempotencyStore,
  StoreUnavailableError,
  type BeginReply,
  type BeginRequest,
} from '../src';
import { clientOf, closeApplications, createApplication, platforms } from './support/http-application';
import { documentOf } from './support/openapi-document';

class MissingPartError extends IdempotencyError {
  readonly code = 'invalid-request';
}

/** A store to which other processes, and its own failures, come by the name of the key. */
class SharedStore extends MemoryIdempotencyStore {
  override async begin(request: BeginRequest): Promise<BeginReply> {
    if (request.key === 'held') return { kind: 'in-progress', remainingMs: 2_500 };
    if (request.key === 'used-up') return { kind: 'retries-exhausted', attempts: 3 };
    if (request.key === 'away')
      throw new StoreUnavailableError('begin', new Error('connect redis://user:hunter2@redis.internal'));
    return super.begin(request);
  }
}

@Catch(IdempotencyProblem)
class HouseErrors implements ExceptionFilter<IdempotencyProblem> {
  constructor(private readonly adapters: HttpAdapterHost) {}

  catch(problem: IdempotencyProblem, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapters;
    const response: unknown = host.switchToHttp().getResponse();
    if (problem.retryAfterSeconds !== undefined)
      httpAdapter.setHeader(response, 'Retry-After', String(problem.retryAfterSeconds));
    httpAdapter.reply(response, { error: problem.code }, problem.getStatus());
  }
}

@Controller('orders')
class Orders {
  @Post()
  @Idempotent({ scope: 'order' })
  place(@Body() order: object): object {
    return order;
  }

  @Post('house')
  @UseFilters(HouseErrors)
  @Idempotent({ scope: 'house' })
  house(): void {}

  @Post('incomplete')
  @Idempotent({
    scope: 'incomplete',
    key: () => {
      throw new MissingPartError('the request has no tenant');
    },
  })
  incomplete(): void {}
}

interface Situation {
  readonly situation: string;
  readonly path?: string;
  readonly key?: string;
  readonly status: number;
  readonly code: string;
  readonly retryAfter: string | null;
}

const situations: readonly Situation[] = [
  { situation: 'without a key', status: 400, code: 'missing-idempotency-key', retryAfter: null },
  {
    situation: 'with a key that is none',
    key: 'ä b',
    status: 400,
    code: 'invalid-idempotency-key',
    retryAfter: null,
  },
  {
    situation: 'without its tenant',
    path: '/orders/incomplete',
    status: 400,
    code: 'invalid-request',
    retryAfter: null,
  },
  {
    situation: 'that another process works on',
    key: 'held',
    status: 409,
    code: 'in-progress',
    retryAfter: '3',
  },
  {
    situation: 'without attempts left',
    key: 'used-up',
    status: 409,
    code: 'retries-exhausted',
    retryAfter: null,
  },
  {
    situation: 'with the key of another one',
    key: 'taken',
    status: 422,
    code: 'idempotency-key-reused',
    retryAfter: null,
  },
  {
    situation: 'while the store is away',
    key: 'away',
    status: 503,
    code: 'store-unavailable',
    retryAfter: '1',
  },
];

afterEach(closeApplications);

describe.each(platforms)('a request on %s', (platform) => {
  const start = async () => {
    const application = await createApplication(platform, [Orders], {
      store: new SharedStore(),
      problemType: 'https://shop.example/problems/',
    });
    application.enableCors({ origin: 'https://shop.example', exposedHeaders: ['Retry-After'] });
    const document = new ApiDocument(JSON.parse(JSON.stringify(documentOf(application))) as never);
    return { document, post: await clientOf(application) };
  };

  it.each(situations)(
    '$situation is answered as its document says: $status, $code',
    async ({ path = '/orders', key, status, code, retryAfter }) => {
      const { document, post } = await start();
      await post('/orders', { id: 'first' }, { 'idempotency-key': 'taken' });
      const answer = await post(path, { id: 'second' }, key === undefined ? {} : { 'idempotency-key': key });
      const body: unknown = await answer.json();
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(answer.headers.get('retry-after')).toBe(retryAfter);
      expect(body).toMatchObject({ status, code, type: `https://shop.example/problems/${code}` });
      expect(JSON.stringify(body)).not.toContain('hunter2');

      const place = `POST ${path} ${status} application/problem+json`;
      const documented = document.bodies.find((candidate) => candidate.place === place);
      expect(document.problemsOf(body, documented?.examples[0]?.schema ?? 'not documented')).toEqual([]);
    },
  );

  it('from a page of another origin may read the answer', async () => {
    const { post } = await start();
    const answer = await post('/orders', {}, { origin: 'https://shop.example', 'idempotency-key': 'held' });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example');
    expect(answer.headers.get('access-control-expose-headers')).toBe('Retry-After');
  });

  it('is answered by the application’s own filter above @Idempotent()', async () => {
    const { post } = await start();
    const answer = await post('/orders/house', {}, { 'idempotency-key': 'held' });
    expect(answer.status).toBe(409);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.headers.get('retry-after')).toBe('3');
    expect(await answer.json()).toEqual({ error: 'in-progress' });
  });
});
