import { Body, Controller, Post, UseInterceptors, ValidationPipe } from '@nestjs/common';
import { Idempotent, type ProblemDetails } from '../../../src';
import { HttpApplication, answerOf, type Adapter, type Answer } from '../../http/http-application';
import { SCOPE, TableStore, type Driver, type Sent } from '../driver';
import { Arrivals, Order, Orders, isSoldOut, soldOutOverHttp, type Placed } from '../orders';

@Controller('orders')
@UseInterceptors(Arrivals)
class OrdersController {
  constructor(private readonly orders: Orders) {}

  @Post()
  @Idempotent({ scope: SCOPE, rememberError: isSoldOut })
  place(@Body(new ValidationPipe()) order: Order): Promise<Placed> {
    return this.orders.place(order, soldOutOverHttp);
  }
}

export async function openHttp(adapter: Adapter): Promise<Driver> {
  const store = new TableStore();
  const application = await HttpApplication.open(adapter, {
    store,
    controllers: [OrdersController],
    providers: [Arrivals, Orders],
  });
  return {
    orders: application.app.get(Orders),
    store,
    close: () => application.close(),
    async send(order, key): Promise<Sent> {
      const headers = {
        'content-type': 'application/json',
        ...(key !== undefined && { 'idempotency-key': key }),
      };
      const response = await application.fetch('/orders', { headers, body: JSON.stringify(order) });
      return { caller: callerOf(await answerOf(response)) };
    },
  };
}

/** Of a problem, what programs read: its code. */
function callerOf({ status, headers, body }: Answer): string[] {
  const isProblem = headers['content-type']?.startsWith('application/problem+json') === true;
  const marks = [
    'retry-after' in headers && 'Retry-After',
    'idempotent-replayed' in headers && `Idempotent-Replayed: ${headers['idempotent-replayed']}`,
  ].filter((mark) => mark !== false);
  return [String(status), isProblem ? (JSON.parse(body) as ProblemDetails).code : body, ...marks];
}
