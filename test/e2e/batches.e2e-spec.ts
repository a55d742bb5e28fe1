import { randomUUID } from 'node:crypto';
import { RabbitMQModule, RabbitPayload, RabbitRequest, RabbitSubscribe } from '@golevelup/nestjs-rabbitmq';
import { Catch, Injectable, UseFilters, type ExceptionFilter, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { ConsumeMessage } from 'amqplib';
import {
  Idempotent,
  IdempotencyContext,
  IdempotencyModule,
  IdempotentPayload,
  MemoryIdempotencyStore,
  type Failure,
  type FailureHandler,
} from 'nestjs-idempotent';
import { rabbitmq, settleBatch } from 'nestjs-idempotent/rabbitmq';
import { AmqpSession } from '../support/amqp-session';
import { eventually } from '../support/eventually';
import { given, onVhost, vhostName } from '../support/isolation';
import { Management } from '../support/management';

interface Order {
  readonly id: string;
  readonly fails?: number;
}

/** What the handlers saw: for each call the lists of the batch, and the input of the one message. */
const calls: { orders: readonly Order[]; messages: number; key: string; payload: unknown }[] = [];
const handled: { code: string; key: string | undefined }[] = [];
const runsOf = (id: string) => calls.filter(({ orders }) => orders.some((order) => order.id === id)).length;

class OrderFailures implements FailureHandler<ConsumeMessage> {
  handle(_: ConsumeMessage, failure: Failure, claimed?: { key: string }): Promise<'settled' | 'requeue'> {
    handled.push({ code: failure.code, key: claimed?.key });
    return Promise.resolve(failure.code === 'work-failed' ? 'requeue' : 'settled');
  }
}

/** Returns its error: one that is thrown would be the error of the whole batch. */
function readOrder(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString());
  } catch (error) {
    return error;
  }
}

const batchOptions = { size: 4, timeout: 200, errorHandler: settleBatch() };
const subscription = (name: string) => ({
  exchange: 'orders',
  routingKey: name,
  queue: name,
  queueOptions: { durable: true, deadLetterExchange: '', deadLetterRoutingKey: 'rejected' },
  deserializer: readOrder,
  batchOptions,
});

/** As many applications have one for HTTP: what @golevelup gets for an answered error acknowledges the whole batch. */
@Catch()
class AnswersEveryError implements ExceptionFilter {
  catch(): void {}
}

@Injectable()
@UseFilters(AnswersEveryError)
class Orders {
  @RabbitSubscribe(subscription('ship'))
  @Idempotent({ scope: 'ship' })
  ship(
    @RabbitPayload() orders: Order[],
    @RabbitRequest() messages: ConsumeMessage[],
    @IdempotentPayload() payload: unknown,
    @IdempotencyContext() context: IdempotencyContext,
  ): void {
    calls.push({ orders: [...orders], messages: messages.length, key: context.key, payload });
    const [order] = orders;
    if (order?.fails && runsOf(order.id) <= order.fails) throw new Error(`no box for ${order.id}`);
  }

  @RabbitSubscribe(subscription('bill'))
  @Idempotent({ scope: 'bill', onFailure: OrderFailures })
  bill(
    @RabbitPayload() orders: Order[],
    @RabbitRequest() messages: ConsumeMessage[],
    @IdempotentPayload() payload: unknown,
    @IdempotencyContext() context: IdempotencyContext,
  ): void {
    this.ship(orders, messages, payload, context);
  }
}

describe('batches of @golevelup/nestjs-rabbitmq', () => {
  const vhost = vhostName();
  const url = onVhost(given('RABBITMQ_URL'), vhost);
  const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
  const broker = new AmqpSession(url);
  const rejected: string[] = [];
  let app: INestApplication;

  beforeAll(async () => {
    await management.createVhost(vhost);
    const channel = await broker.newChannel();
    await channel.assertQueue('rejected');
    await channel.consume('rejected', (message) => rejected.push(message?.content.toString() ?? ''));
    const module = await Test.createTestingModule({
      imports: [
        RabbitMQModule.forRoot({ uri: url, exchanges: [{ name: 'orders', type: 'topic' }] }),
        IdempotencyModule.forRoot({
          store: new MemoryIdempotencyStore(),
          ttlSeconds: 60,
          leaseMs: 5_000,
          handlers: [rabbitmq()],
        }),
      ],
      providers: [Orders, OrderFailures],
    }).compile();
    app = module.createNestApplication({ logger: false });
    await app.init();
  });
  afterAll(async () => {
    await broker.close();
    await management.deleteVhost(vhost);
  });

  const anOrder = (order: Partial<Order> = {}): Order => ({ id: randomUUID(), ...order });

  /** A text stands for a body that is not JSON. */
  const bodyOf = (order: Order | string) => (typeof order === 'string' ? order : JSON.stringify(order));

  async function publish(routingKey: string, ...orders: (Order | string)[]): Promise<void> {
    const channel = await broker.publishing();
    for (const order of orders) {
      const headers = { 'idempotency-key': typeof order === 'string' ? order : order.id };
      channel.publish('orders', routingKey, Buffer.from(bodyOf(order)), { headers });
    }
    await channel.waitForConfirms();
  }

  /** Everything that was published before has been handled at least once by then. */
  async function publishAndWait(routingKey: string): Promise<void> {
    const last = anOrder();
    await publish(routingKey, last);
    await eventually(() => runsOf(last.id) === 1);
  }

  it('are handled message by message: the handler sees one at a time, with its own key', async () => {
    const orders = Array.from({ length: 6 }, () => anOrder());
    await publish('ship', ...orders);
    await eventually(() => {
      const seen = calls.filter(({ orders: [order] }) => orders.some(({ id }) => id === order?.id));
      expect(seen).toEqual(
        orders.map((order) => ({ orders: [order], messages: 1, key: order.id, payload: order })),
      );
    });
  });

  it('run duplicates once, in one batch and in later ones', async () => {
    const [order, other] = [anOrder(), anOrder()];
    await publish('ship', order, order, other, order);
    await eventually(() => runsOf(other.id) === 1);
    await publish('ship', order, other);
    await publishAndWait('ship');
    expect([runsOf(order.id), runsOf(other.id)]).toEqual([1, 1]);
  });

  it('requeue the one message that failed, and acknowledge the others', async () => {
    const [failing, ...others] = [anOrder({ fails: 2 }), anOrder(), anOrder(), anOrder()];
    await publish('ship', ...others, failing);
    await eventually(() => runsOf(failing.id) === 3);
    await publishAndWait('ship');
    expect(others.map(({ id }) => runsOf(id))).toEqual([1, 1, 1]);
  });

  it('reject the one message that can never succeed, and acknowledge the others', async () => {
    const order = anOrder();
    const hopeless = [{ ...order, fails: 1 }, { id: '' }, randomUUID()];
    await publish('ship', order, ...hopeless);
    await publishAndWait('ship');
    await eventually(() => {
      expect([...rejected].sort()).toEqual(hopeless.map(bodyOf).sort());
    });
    expect([runsOf(order.id), runsOf('')]).toEqual([1, 0]);
  });

  it('leave each failure to `onFailure`, with the key of its message', async () => {
    const [failing, order] = [anOrder({ fails: 1 }), anOrder()];
    await publish('bill', failing, order, { ...order, fails: 1 });
    await eventually(() => runsOf(failing.id) === 2);
    await publishAndWait('bill');
    expect(handled).toEqual(
      expect.arrayContaining([
        { code: 'work-failed', key: failing.id },
        { code: 'idempotency-key-reused', key: order.id },
      ]),
    );
    expect([handled.length, runsOf(order.id)]).toEqual([2, 1]);
  });

  it('leave nothing unsettled', async () => {
    // The broker takes back what is delivered and not settled.
    await app.close();
    const left = await broker.withChannel(async (channel) => [
      await channel.checkQueue('ship'),
      await channel.checkQueue('bill'),
    ]);
    expect(left.map(({ messageCount }) => messageCount)).toEqual([0, 0]);
  });
});
