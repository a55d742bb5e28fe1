import { RabbitRPC, RabbitSubscribe } from '@golevelup/nestjs-rabbitmq';
import {
  Body,
  Controller,
  HttpCode,
  Injectable,
  NotFoundException,
  Post,
  Res,
  UnprocessableEntityException,
  UseInterceptors,
} from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Idempotent, IdempotencyContext } from 'nestjs-idempotent';
import { Ledger } from './ledger';
import { RunLabel } from './run-label';

export interface Item {
  readonly sku: string;
  readonly quantity: number;
}

/** HTTP handlers of an imaginary shop. Each records its run in the ledger. */
@Controller()
@UseInterceptors(RunLabel)
export class ShopController {
  constructor(private readonly ledger: Ledger) {}

  @Post('cart')
  @Idempotent({ scope: 'cart' })
  async add(
    @Body() item: Item,
    @IdempotencyContext() context: IdempotencyContext,
    @Res({ passthrough: true })
    response: { header(name: string, value: string): unknown; status(code: number): unknown },
  ): Promise<{ lines: number }> {
    await this.ledger.work('cart', context);
    response.header('Location', `/cart/${item.sku}`);
    response.status(207);
    return { lines: this.ledger.count('cart') };
  }

  @Post('optional')
  @HttpCode(200)
  @Idempotent({ scope: 'optional', whenKeyMissing: 'process' })
  async optional(
    @IdempotencyContext() context: IdempotencyContext | undefined,
  ): Promise<{ key: string | null }> {
    await this.ledger.work('optional', context);
    return { key: context?.key ?? null };
  }

  @Post('order')
  @Idempotent<Item>({
    scope: 'order',
    key: { property: 'order.id' },
    fingerprint: ['order.total'],
    rememberError: (error) => error instanceof NotFoundException,
  })
  async order(
    @Body() body: { end: string },
    @IdempotencyContext() context: IdempotencyContext,
  ): Promise<{ ok: true }> {
    await this.ledger.work('order', context);
    if (body.end === 'not-found') throw new NotFoundException('no such customer');
    if (body.end === 'invalid') throw new UnprocessableEntityException('no such size');
    if (body.end === 'broken') throw new Error('the warehouse is on fire');
    return { ok: true };
  }

  @Post('dated')
  @Idempotent<unknown, Date>({
    scope: 'dated',
    key: (request) => Promise.resolve(`derived-${JSON.stringify(request.payload).length}`),
    tenant: ({ headers }) => (headers as { 'x-tenant'?: string })['x-tenant'] ?? 'none',
    serialize: (date) => date.getTime(),
    deserialize: (stored) => new Date(Number(stored)),
  })
  async dated(@IdempotencyContext() context: IdempotencyContext): Promise<Date> {
    await this.ledger.work('dated', context);
    return new Date(0);
  }
}

/** Handlers of @golevelup/nestjs-rabbitmq. */
@Injectable()
export class ShopSubscribers {
  constructor(private readonly ledger: Ledger) {}

  @RabbitSubscribe({ exchange: 'shop', routingKey: 'mail', queue: 'shop.mail' })
  @Idempotent({ scope: 'mail' })
  async mail(): Promise<{ sent: boolean }> {
    await this.ledger.work('mail', undefined);
    return { sent: true };
  }

  @RabbitRPC({ exchange: 'shop', routingKey: 'price', queue: 'shop.price' })
  @Idempotent({ scope: 'price' })
  async price(): Promise<{ price: number }> {
    await this.ledger.work('price', undefined);
    return { price: this.ledger.count('price') };
  }
}

/** Handlers of @nestjs/microservices over RabbitMQ. */
@Controller()
export class ShopPatterns {
  constructor(private readonly ledger: Ledger) {}

  @EventPattern('stock.moved')
  @Idempotent({ scope: 'stock', key: { property: 'id' } })
  async moved(@Payload() event: { id: string; fail?: number }): Promise<void> {
    await this.ledger.work('stock', undefined);
    if (this.ledger.count('stock') <= (event.fail ?? 0)) throw new Error('the forklift is busy');
  }

  @MessagePattern('stock.count')
  @Idempotent({ scope: 'count', key: { property: 'id' } })
  async count(): Promise<{ count: number }> {
    await this.ledger.work('count', undefined);
    return { count: this.ledger.count('count') };
  }
}
