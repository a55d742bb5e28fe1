import { Controller, UseInterceptors, ValidationPipe, type Type } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, Transport } from '@nestjs/microservices';
import { Idempotent } from '../../../src';
import { listening } from '../../microservices/microservice';
import { SCOPE, TableStore, type Driver } from '../driver';
import { Order, Orders, isSoldOut, soldOut, type Placed } from '../orders';
import { Deliveries, Mailbox, PREFETCH, QUEUE_ARGUMENTS } from './rabbitmq.mailbox';
import { resultOf, rpcErrorOf } from './rpc.driver';

const QUEUE = 'orders';
const PATTERN = 'order.place';

@Controller()
@UseInterceptors(Deliveries)
class EventController {
  constructor(private readonly orders: Orders) {}

  @EventPattern(PATTERN)
  @Idempotent({ scope: SCOPE, rememberError: isSoldOut })
  async place(@Payload(new ValidationPipe()) order: Order): Promise<void> {
    await this.orders.place(order, soldOut);
  }
}

@Controller()
@UseInterceptors(Deliveries)
class MessageController {
  constructor(private readonly orders: Orders) {}

  @MessagePattern(PATTERN)
  @Idempotent({ scope: SCOPE, rememberError: isSoldOut })
  place(@Payload(new ValidationPipe()) order: Order): Promise<Placed> {
    return this.orders.place(order, soldOut);
  }
}

interface Response {
  readonly response?: unknown;
  readonly err?: unknown;
}

export const openEvent = (): Promise<Driver> => open(EventController, false);
export const openMessage = (): Promise<Driver> => open(MessageController, true);

async function open(controller: Type, isRequest: boolean): Promise<Driver> {
  const mailbox = await Mailbox.open();
  const store = new TableStore();
  const { deadLetterExchange, deadLetterRoutingKey } = QUEUE_ARGUMENTS;
  const app = await listening(
    {
      transport: Transport.RMQ,
      options: {
        urls: [mailbox.url],
        queue: QUEUE,
        queueOptions: { durable: true, deadLetterExchange, deadLetterRoutingKey },
        noAck: false,
        prefetchCount: PREFETCH,
      },
    },
    { controllers: [controller], providers: [Deliveries, Orders], idempotency: { store } },
  );
  const contentOf = (data: Order, withId: boolean) => ({
    pattern: PATTERN,
    data,
    ...(withId && { id: data.id }),
  });
  return {
    orders: app.get(Orders),
    store,
    async send(order, key) {
      const { message, reply } = await mailbox.send(app.get(Deliveries), {
        queue: QUEUE,
        key,
        order,
        contentOf,
        isRequest,
      });
      const { err, response } = (reply ?? {}) as Response;
      const caller = err === undefined || err === null ? resultOf(response) : rpcErrorOf(err);
      return { caller: isRequest ? caller : [], message };
    },
    async close() {
      await app.close();
      await mailbox.close();
    },
  };
}
