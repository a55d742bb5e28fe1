import {
  AmqpConnection,
  Nack,
  RABBIT_CONTEXT_TYPE_KEY,
  RabbitPayload,
  RabbitRPC,
  RabbitRpcParamsFactory,
  RabbitSubscribe,
  ackErrorHandler,
  type RabbitMQConfig,
} from '@golevelup/nestjs-rabbitmq';
import {
  ConflictException,
  Injectable,
  ParseIntPipe,
  UnprocessableEntityException,
  type Type,
} from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants';
import { ExternalContextCreator } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Idempotent, IdempotencyContext, IdempotencyModule, MemoryIdempotencyStore } from '../../src';
import { rabbitmq, settleBatch } from '../../src/rabbitmq';

const attempts: number[] = [];
const logged: unknown[] = [];
const logger = { log: () => undefined, warn: () => undefined, error: (line: unknown) => logged.push(line) };

@Injectable()
class Orders {
  @RabbitSubscribe({ queue: 'ship' })
  @Idempotent({ scope: 'ship' })
  ship(
    @RabbitPayload('quantity', ParseIntPipe) quantity: number,
    @IdempotencyContext() context: IdempotencyContext,
  ): void {
    attempts.push(context.attempt);
    if (quantity === 0) throw new UnprocessableEntityException('nothing to ship');
    if (quantity > 100) throw new Error('the warehouse is too small');
  }

  @RabbitSubscribe({ queue: 'own', errorHandler: ackErrorHandler })
  @Idempotent({ scope: 'own' })
  own(@RabbitPayload('quantity', ParseIntPipe) quantity: number): void {
    attempts.push(quantity);
  }

  @RabbitRPC({ exchange: 'orders', queue: 'price' })
  @Idempotent({ scope: 'price', rememberError: (error) => error instanceof ConflictException })
  price(@RabbitPayload('quantity', ParseIntPipe) quantity: number): number {
    if (quantity === 0) throw new ConflictException('no price for nothing');
    return quantity;
  }
}

async function start(provider: Type, connection?: Partial<RabbitMQConfig>) {
  const config = { uri: 'amqp://127.0.0.1:1', ...connection };
  const module = await Test.createTestingModule({
    imports: [
      IdempotencyModule.forRoot({
        store: new MemoryIdempotencyStore(),
        ttlSeconds: 60,
        leaseMs: 5_000,
        handlers: [rabbitmq()],
      }),
    ],
    providers: [
      provider,
      ...(connection ? [{ provide: AmqpConnection, useValue: new AmqpConnection(config) }] : []),
    ],
  })
    .setLogger(logger)
    .compile();
  return module.init();
}

/** Delivers a message to a handler as @golevelup does, and resolves with how it is told to settle it. */
async function deliver(
  method: keyof Orders,
  { key, quantity, connection }: { key?: string; quantity: unknown; connection?: Partial<RabbitMQConfig> },
  app = start(Orders, connection),
): Promise<unknown> {
  const module = await app;
  const orders = module.get(Orders);
  const handler = module
    .get(ExternalContextCreator)
    .create(
      orders,
      Reflect.get(orders, method) as (...args: unknown[]) => unknown,
      method,
      ROUTE_ARGS_METADATA,
      new RabbitRpcParamsFactory(),
      undefined,
      undefined,
      undefined,
      RABBIT_CONTEXT_TYPE_KEY,
    );
  const headers = { ...(key && { 'idempotency-key': key }) };
  return handler({ quantity }, { properties: { headers } }, headers);
}

describe('a message whose handler has no onFailure', () => {
  beforeEach(() => {
    attempts.length = 0;
    logged.length = 0;
  });

  it.each([
    { what: 'that a pipe inside the chain rejects', key: 'k', quantity: 'many' },
    { what: 'that the handler answers with 422', key: 'k', quantity: 0 },
    { what: 'without a key', quantity: 1 },
  ])('$what is rejected, not requeued', async (message) => {
    const answer = await deliver('ship', message);
    expect(answer).toBeInstanceOf(Nack);
    expect(answer).toMatchObject({ requeue: false });
    expect(logged).toEqual([
      expect.stringMatching(/^a message of Orders.ship can never succeed and is rejected/),
    ]);
  });

  it('leaves its key free when it is rejected: it may be corrected, and that is the first attempt', async () => {
    const app = start(Orders);
    await deliver('ship', { key: 'k', quantity: 0 }, app);
    expect(await deliver('ship', { key: 'k', quantity: 2 }, app)).toBeUndefined();
    expect(attempts).toEqual([1, 1]);
  });

  it('is left to @golevelup after any other error', async () => {
    await expect(deliver('ship', { key: 'k', quantity: 101 })).rejects.toThrow('the warehouse is too small');
  });

  it.each([
    { whose: 'the handler', method: 'own', connection: undefined },
    { whose: 'the connection', method: 'price', connection: { defaultRpcErrorHandler: ackErrorHandler } },
  ] as const)('is left to the error handler of $whose, if there is one', async ({ method, connection }) => {
    const message = { key: 'k', quantity: 'many', ...(connection && { connection }) };
    await expect(deliver(method, message)).rejects.toThrow('numeric string is expected');
  });
});

describe('a request whose error is remembered', () => {
  const request = { key: 'k', quantity: 0 };

  it('is rejected, not requeued, the first time and as a duplicate: its caller cannot be told', async () => {
    const app = start(Orders);
    for (const answer of [await deliver('price', request, app), await deliver('price', request, app)]) {
      expect(answer).toBeInstanceOf(Nack);
      expect(answer).toMatchObject({ requeue: false });
    }
  });

  it('is left to the error handler, if there is one', async () => {
    const app = start(Orders, { defaultRpcErrorHandler: ackErrorHandler });
    await expect(deliver('price', request, app)).rejects.toThrow('no price for nothing');
    await expect(deliver('price', request, app)).rejects.toThrow('no price for nothing');
  });
});

describe('a handler of batches', () => {
  const of = (options: Parameters<typeof RabbitSubscribe>[0]): Type => {
    class Batches {
      @RabbitSubscribe(options)
      @Idempotent({ scope: 'batches' })
      ship(): void {}
    }
    return Batches;
  };
  const size = 10;
  const errorHandler = settleBatch();

  it.each([
    { without: 'settleBatch()', options: { batchOptions: { size }, allowNonJsonMessages: true } },
    { without: "'allowNonJsonMessages: true'", options: { batchOptions: { size, errorHandler } } },
  ])('does not start without $without; the error says what to add', async ({ without, options }) => {
    const started = start(of(options), {});
    await expect(started).rejects.toThrow('@Idempotent() on Batches.ship: a handler of batches needs ');
    await expect(started).rejects.toThrow(without);
  });

  it('does not start if the batch comes from the options of the module', async () => {
    const handlers = { orders: { queue: 'orders', batchOptions: { size } } };
    await expect(start(of({ name: 'orders' }), { handlers })).rejects.toThrow('settleBatch()');
  });

  it.each([
    { with: 'allowNonJsonMessages', options: { allowNonJsonMessages: true }, connection: {} },
    { with: 'a deserializer of its own', options: { deserializer: String }, connection: {} },
    { with: 'one of the connection', options: {}, connection: { deserializer: String } },
  ])('starts with settleBatch() and $with', async ({ options, connection }) => {
    const started = start(of({ ...options, batchOptions: { size, errorHandler } }), connection);
    await expect(started).resolves.toBeDefined();
  });
});
