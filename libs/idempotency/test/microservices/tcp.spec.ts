import { Controller } from '@nestjs/common';
import {
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Payload,
  RpcException,
  Transport,
  type ClientProxy,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { freePort } from '../../../../test/support/free-port';
import { eventually } from '../../../../test/support/eventually';
import { Idempotent, IdempotencyContext } from '../../src';
import { closeAll, listening } from './microservice';

interface Order {
  readonly id: string;
  readonly total?: number;
}

const effects: string[] = [];
const key = { property: 'id' } as const;

@Controller()
class Orders {
  @MessagePattern(['order.place', 'order.replace'])
  @Idempotent({ scope: 'place', key })
  place(@Payload() { id }: Order): object {
    effects.push(id);
    return { count: effects.length };
  }

  @MessagePattern({ order: 'reject' })
  @Idempotent({ scope: 'reject', key, rememberError: () => true })
  reject(@Payload() { id }: Order): void {
    effects.push(id);
    throw new RpcException(`no stock for ${id}`);
  }

  @EventPattern('order.placed')
  @Idempotent({ scope: 'mail', key })
  mail(@Payload() { id }: Order, @IdempotencyContext() { scope }: IdempotencyContext): void {
    effects.push(`${scope} for ${id}`);
  }
}

@Controller()
class Invoices {
  @EventPattern('order.placed')
  @Idempotent({ scope: 'invoice', key })
  invoice(@Payload() { id }: Order, @IdempotencyContext() { scope }: IdempotencyContext): void {
    effects.push(`${scope} for ${id}`);
  }

  @EventPattern('order.placed')
  count(): void {
    effects.push('counted');
  }
}

describe('a message over TCP', () => {
  let client: ClientProxy;

  beforeAll(async () => {
    const options = { host: '127.0.0.1', port: await freePort() };
    await listening({ transport: Transport.TCP, options }, { controllers: [Orders, Invoices] });
    client = ClientProxyFactory.create({ transport: Transport.TCP, options });
  });
  beforeEach(() => effects.splice(0));
  afterAll(async () => {
    await client.close();
    await closeAll();
  });

  async function ask(pattern: unknown, order: Order): Promise<unknown> {
    return firstValueFrom(client.send<unknown>(pattern, order)).catch((error: unknown) => ({ error }));
  }

  it('gets the first answer again, without the effect', async () => {
    const order = { id: 'order-1' };
    expect([await ask('order.place', order), await ask('order.place', order)]).toEqual([
      { count: 1 },
      { count: 1 },
    ]);
    expect(effects).toEqual(['order-1']);
  });

  it('gets the remembered error as it was first', async () => {
    const answers = [
      await ask({ order: 'reject' }, { id: '2' }),
      await ask({ order: 'reject' }, { id: '2' }),
    ];
    expect(answers).toEqual(Array(2).fill({ error: { status: 'error', message: 'no stock for 2' } }));
    expect(effects).toEqual(['2']);
  });

  it('gets an error with a code if its key is missing, or belongs to another payload or pattern', async () => {
    await ask('order.place', { id: 'order-3', total: 1 });
    const answers = [
      await ask('order.place', { id: 'order-3', total: 2 }),
      await ask('order.replace', { id: 'order-3', total: 1 }),
      await firstValueFrom(client.send('order.place', {})).catch((error: unknown) => ({ error })),
    ];
    expect(answers).toMatchObject([
      { error: { status: 'error', code: 'idempotency-key-reused' } },
      { error: { status: 'error', code: 'idempotency-key-reused' } },
      { error: { status: 'error', code: 'missing-idempotency-key' } },
    ]);
  });

  it('reaches each handler of an event once, with the context of that handler', async () => {
    for (let copy = 0; copy < 2; copy++) await firstValueFrom(client.emit('order.placed', { id: '4' }));
    await eventually(() => effects.filter((effect) => effect === 'counted').length === 2);
    await eventually(() => effects.length >= 4);
    expect([...effects].sort()).toEqual(['counted', 'counted', 'invoice for 4', 'mail for 4']);
  });
});
