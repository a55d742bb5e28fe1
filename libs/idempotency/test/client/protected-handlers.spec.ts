import {
  Body,
  Controller,
  Get,
  HttpException,
  Module,
  Post,
  type INestApplication,
  type NestMiddleware,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Request as ExpressRequest, Response as ExpressResponse } from 'express';
import {
  Idempotent,
  IdempotencyModule,
  MemoryIdempotencyStore,
  StoreUnavailableError,
  type AttemptPolicy,
} from '../../src';
import { idempotentFetchWith } from '../../src/client/idempotent-fetch';
import { ImpatientTiming } from './impatient-timing';

/** What has happened, and when work may end. */
class Shop {
  readonly orders: string[] = [];
  /** Work waits for it. */
  open: Promise<void> = Promise.resolve();
  /** Called when work has begun. */
  onOrder: () => void = () => undefined;
}

let shop: Shop;

class TwoAttempts implements AttemptPolicy {
  maxAttempts = () => 2;
  backoffMs = () => undefined;
  waitingSince = () => Promise.resolve(undefined);
}

@Controller('orders')
class Orders {
  @Post()
  @Idempotent({ scope: 'order', whenInProgress: 'reject' })
  async order(@Body() { sku }: { sku: string }) {
    shop.orders.push(sku);
    shop.onOrder();
    await shop.open;
    return { sku, number: shop.orders.length };
  }

  @Post('failing')
  @Idempotent({ scope: 'failing', attempts: TwoAttempts })
  fail(@Body() { sku }: { sku: string }): never {
    shop.orders.push(sku);
    throw new HttpException('out of stock', 503);
  }

  @Get()
  all() {
    return shop.orders;
  }
}

/** Redis, now and then. */
class UnsteadyStore extends MemoryIdempotencyStore {
  failures = 0;
  override async begin(...args: Parameters<MemoryIdempotencyStore['begin']>) {
    if (this.failures-- > 0) throw new StoreUnavailableError('begin', new Error('not connected'));
    return super.begin(...args);
  }
}

/** Drops the connections of requests: before the handler, or when its answer leaves. */
class UnsteadyNetwork implements NestMiddleware {
  readonly drops: ('before' | 'after')[] = [];
  use(request: ExpressRequest, response: ExpressResponse, next: () => void): void {
    const drop = this.drops.shift();
    if (drop === 'before') return void request.socket.destroy();
    if (drop === 'after') response.end = () => response.destroy();
    next();
  }
}

const store = new UnsteadyStore();
const network = new UnsteadyNetwork();

/** A process of the shop; all have one store. */
async function aProcess(): Promise<INestApplication> {
  @Module({
    imports: [IdempotencyModule.forRoot({ store, ttlSeconds: 60, leaseMs: 20_000 })],
    controllers: [Orders],
    providers: [TwoAttempts],
  })
  class ShopModule {}
  const app = await NestFactory.create(ShopModule, { logger: false });
  app.use(network.use.bind(network));
  await app.listen(0, '127.0.0.1');
  return app;
}

describe('a client and handlers with @Idempotent()', () => {
  const apps: INestApplication[] = [];
  const urls: string[] = [];
  let timing: ImpatientTiming;
  const sku = () => JSON.stringify({ sku: `sku-${shop.orders.length}` });
  const post = () => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body: sku() });

  beforeAll(async () => {
    for (let count = 0; count < 2; count += 1) {
      const app = await aProcess();
      apps.push(app);
      urls.push(await app.getUrl());
    }
  });
  beforeEach(() => {
    shop = new Shop();
    timing = new ImpatientTiming();
  });
  afterAll(() => Promise.all(apps.map((app) => app.close())));

  it.each([
    { drops: ['before'] as const, replayed: null },
    { drops: ['after'] as const, replayed: 'true' },
    { drops: ['before', 'after', 'after'] as const, replayed: 'true' },
  ])('one effect and its answer, when connections are dropped: $drops', async ({ drops, replayed }) => {
    network.drops.push(...drops);
    const answer = await idempotentFetchWith(timing)(`${urls[0]}/orders`, post());
    expect([answer.status, await answer.json()]).toEqual([201, { sku: 'sku-0', number: 1 }]);
    expect(answer.headers.get('idempotent-replayed')).toBe(replayed);
    expect(shop.orders).toHaveLength(1);
  });

  it('one effect, when the store is away at first', async () => {
    store.failures = 2;
    const answer = await idempotentFetchWith(timing)(`${urls[0]}/orders`, post());
    expect(answer.status).toBe(201);
    expect(shop.orders).toHaveLength(1);
    expect(timing.waits).toEqual([1_000, 1_000]);
  });

  it('one effect, when a repeat meets the first attempt in another process: it waits as long as the lease lasts', async () => {
    let finish: () => void = () => undefined;
    shop.open = new Promise((resolve) => (finish = resolve));
    const begun = new Promise<void>((resolve) => (shop.onOrder = resolve));
    let attempts = 0;
    const balanced = async (_: string | Request, init: RequestInit): Promise<Response> => {
      attempts += 1;
      if (attempts > 1) return fetch(`${urls[1]}/orders`, init);
      fetch(`${urls[0]}/orders`, init).catch(() => undefined);
      await begun;
      throw new TypeError('the connection was lost');
    };
    timing.onWait = async (ms) => {
      if (ms === 0) return;
      finish();
      // The process that works on the key answers this one when the record is stored.
      await fetch(`${urls[0]}/orders`, { ...order, headers: { ...order.headers, 'idempotency-key': key } });
    };
    const key = 'in-two-processes';
    const order = post();
    const send = idempotentFetchWith(timing, { fetch: balanced });
    const answer = await send(`${urls[0]}/orders`, { ...order, idempotencyKey: key });
    expect(await answer.json()).toEqual({ sku: 'sku-0', number: 1 });
    expect(timing.waits).toEqual([0, expect.any(Number)]);
    expect(timing.waits[1]).toBeGreaterThan(10_000);
    expect(shop.orders).toHaveLength(1);
  });

  it('no repeats without end, when all attempts at the key have failed', async () => {
    const answer = await idempotentFetchWith(timing)(`${urls[0]}/orders/failing`, post());
    expect([answer.status, await answer.json()]).toMatchObject([
      409,
      { title: 'All attempts at this Idempotency-Key have failed' },
    ]);
    expect(shop.orders).toHaveLength(2);
  });
});
