import { join } from 'node:path';
import { Controller, UseInterceptors, ValidationPipe } from '@nestjs/common';
import { Metadata, credentials, loadPackageDefinition, status, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { GrpcMethod, Payload, RpcException, Transport } from '@nestjs/microservices';
import { freePort } from '../../../../../test/support/free-port';
import { Idempotent } from '../../../src';
import { listening } from '../../microservices/microservice';
import { SCOPE, TableStore, type Driver, type Sent } from '../driver';
import { Arrivals, Order, Orders, isSoldOut, type Placed } from '../orders';

interface OrdersClient {
  place(
    order: Order,
    metadata: Metadata,
    callback: (error: ServiceError | null, placed: Placed) => void,
  ): void;
  close(): void;
}

const protoPath = join(__dirname, 'orders.proto');
const soldOut = () => new RpcException({ code: status.RESOURCE_EXHAUSTED, message: 'sold out' });

@Controller()
@UseInterceptors(Arrivals)
class OrdersController {
  constructor(private readonly orders: Orders) {}

  @GrpcMethod('Orders', 'Place')
  @Idempotent({ scope: SCOPE, rememberError: isSoldOut })
  place(@Payload(new ValidationPipe()) order: Order): Promise<Placed> {
    return this.orders.place(order, soldOut);
  }
}

export async function openGrpc(): Promise<Driver> {
  const store = new TableStore();
  const url = `127.0.0.1:${await freePort()}`;
  const options = { package: 'orders', protoPath, url };
  const app = await listening(
    { transport: Transport.GRPC, options },
    { controllers: [OrdersController], providers: [Arrivals, Orders], idempotency: { store } },
  );
  const { orders } = loadPackageDefinition(loadSync(protoPath)) as unknown as {
    orders: { Orders: new (url: string, secrets: unknown) => OrdersClient };
  };
  const client = new orders.Orders(url, credentials.createInsecure());
  return {
    orders: app.get(Orders),
    store,
    send(order, key) {
      const metadata = new Metadata();
      if (key !== undefined) metadata.set('idempotency-key', key);
      return new Promise<Sent>((resolve) =>
        client.place(order, metadata, (error, placed) =>
          resolve({
            caller: error ? [statusName(error.code)] : ['OK', JSON.stringify(placed)],
          }),
        ),
      );
    },
    async close() {
      client.close();
      await app.close();
    },
  };
}

function statusName(code: number): string {
  return status[code] ?? String(code);
}
