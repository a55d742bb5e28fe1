import { Controller, UseInterceptors, ValidationPipe } from '@nestjs/common';
import {
  ClientProxyFactory,
  MessagePattern,
  Payload,
  Transport,
  type ClientOptions,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { freePort } from '../../../../../test/support/free-port';
import { Idempotent } from '../../../src';
import { listening } from '../../microservices/microservice';
import { SCOPE, TableStore, type Driver } from '../driver';
import { Arrivals, Order, Orders, isSoldOut, soldOut, type Placed } from '../orders';

/** What the caller of a `@MessagePattern` gets as an error. */
interface RpcError {
  readonly code?: string;
  readonly message: string;
  readonly retryInMs?: number;
}

@Controller()
@UseInterceptors(Arrivals)
class OrdersController {
  constructor(private readonly orders: Orders) {}

  @MessagePattern('order.place')
  @Idempotent({ scope: SCOPE, key: { header: 'idempotency-key', property: 'key' }, rememberError: isSoldOut })
  place(@Payload(new ValidationPipe()) order: Order): Promise<Placed> {
    return this.orders.place(order, soldOut);
  }
}

/** A `@MessagePattern` over a transport; `withKey` puts the key where the transport has it. */
export async function openRpc(
  options: MicroserviceOptions & ClientOptions,
  withKey: (order: Order, key: string) => unknown,
): Promise<Driver> {
  const store = new TableStore();
  const app = await listening(options, {
    controllers: [OrdersController],
    providers: [Arrivals, Orders],
    idempotency: { store },
  });
  const client = ClientProxyFactory.create(options);
  await client.connect();
  return {
    orders: app.get(Orders),
    store,
    async send(order, key) {
      const sent = client.send<Placed>('order.place', key === undefined ? order : withKey(order, key));
      return { caller: await firstValueFrom(sent).then(resultOf, rpcErrorOf) };
    },
    async close() {
      await client.close();
      await app.close();
    },
  };
}

export async function openTcp(): Promise<Driver> {
  const options = { host: '127.0.0.1', port: await freePort() };
  return openRpc({ transport: Transport.TCP, options }, (order, key) => ({ ...order, key }));
}

export function resultOf(placed: unknown): string[] {
  return ['result', JSON.stringify(placed)];
}

export function rpcErrorOf(error: unknown): string[] {
  const { code, message, retryInMs } = error as RpcError;
  if (code === undefined) return ['error', message];
  return [code, ...(retryInMs === undefined ? [] : ['retryInMs'])];
}
