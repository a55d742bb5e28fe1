import { RabbitMQModule, RabbitPayload, RabbitRPC, RabbitSubscribe } from '@golevelup/nestjs-rabbitmq';
import { Injectable, UseInterceptors, ValidationPipe, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { IdempotencyModule, Idempotent } from '../../../src';
import { rabbitmq } from '../../../src/rabbitmq';
import { SCOPE, TableStore, type Driver } from '../driver';
import { Order, Orders, isSoldOut, soldOut, type Placed } from '../orders';
import { Deliveries, Mailbox, PREFETCH, QUEUE_ARGUMENTS } from './rabbitmq.mailbox';

const QUEUE = 'orders';
const subscription = { exchange: '', routingKey: QUEUE, queue: QUEUE, queueOptions: QUEUE_ARGUMENTS };

@Injectable()
@UseInterceptors(Deliveries)
class Subscriber {
  constructor(private readonly orders: Orders) {}

  @RabbitSubscribe(subscription)
  @Idempotent({ scope: SCOPE, rememberError: isSoldOut })
  async place(@RabbitPayload(new ValidationPipe()) order: Order): Promise<void> {
    await this.orders.place(order, soldOut);
  }
}

@Injectable()
@UseInterceptors(Deliveries)
class Responder {
  constructor(private readonly orders: Orders) {}

  @RabbitRPC(subscription)
  @Idempotent({ scope: SCOPE, rememberError: isSoldOut })
  place(@RabbitPayload(new ValidationPipe()) order: Order): Promise<Placed> {
    return this.orders.place(order, soldOut);
  }
}

export const openSubscribe = (): Promise<Driver> => open(Subscriber, false);
export const openRpcOfGolevelup = (): Promise<Driver> => open(Responder, true);

async function open(handlers: Type, isRequest: boolean): Promise<Driver> {
  const mailbox = await Mailbox.open();
  const store = new TableStore();
  const module = await Test.createTestingModule({
    imports: [
      RabbitMQModule.forRoot({ uri: mailbox.url, prefetchCount: PREFETCH }),
      IdempotencyModule.forRoot({ store, ttlSeconds: 60, leaseMs: 5_000, handlers: [rabbitmq()] }),
    ],
    providers: [handlers, Deliveries, Orders],
  }).compile();
  const app = module.createNestApplication({ logger: false });
  await app.init();
  return {
    orders: app.get(Orders),
    store,
    async send(order, key) {
      const request = { queue: QUEUE, key, order, contentOf: (content: Order) => content, isRequest };
      const { message, reply } = await mailbox.send(app.get(Deliveries), request);
      const caller = reply === undefined ? ['no reply'] : ['reply', JSON.stringify(reply)];
      return { caller: isRequest ? caller : [], message };
    },
    async close() {
      await app.close();
      await mailbox.close();
    },
  };
}
