import { Controller, HttpCode, Post, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  Idempotent,
  IdempotencyContext,
  IdempotencyModule,
  IdempotencyService,
  MemoryIdempotencyStore,
  NestedCallError,
} from '../src';

/** The names of the errors of the inner calls. */
const inner: string[] = [];

@Controller('orders')
class Orders {
  constructor(private readonly idempotency: IdempotencyService) {}

  @Post()
  @HttpCode(201)
  @Idempotent({ scope: 'order' })
  async place(@IdempotencyContext() { key, scope }: IdempotencyContext): Promise<{ placed: boolean }> {
    const again = this.idempotency.run(key, async () => 'placed', { scope });
    inner.push(await again.then(() => 'none').catch((error: Error) => error.name));
    return { placed: true };
  }
}

describe('a decorated handler that calls run() for its own scope and key', () => {
  let app: INestApplication;

  beforeAll(async () => {
    const store = new MemoryIdempotencyStore();
    const testing = await Test.createTestingModule({
      imports: [IdempotencyModule.forRoot({ store, ttlSeconds: 60, leaseMs: 1_000 })],
      controllers: [Orders],
    }).compile();
    app = testing.createNestApplication();
    await app.listen(0, '127.0.0.1');
  });
  afterAll(() => app.close());

  it('gets an error at once instead of waiting for itself', async () => {
    const answer = await fetch(`${await app.getUrl()}/orders`, {
      method: 'POST',
      headers: { 'idempotency-key': 'abc' },
    });
    expect([answer.status, inner]).toEqual([201, [NestedCallError.name]]);
  });
});
