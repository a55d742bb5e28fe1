import { BadRequestException } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { validate } from 'class-validator';
import { IdempotencyModule, IdempotencyService } from '../../../src';
import { SCOPE, TableStore, type Driver } from '../driver';
import { Order, Orders, isSoldOut, soldOutOverHttp } from '../orders';

const isInvalid = (error: unknown) => error instanceof BadRequestException;

/** `run()` has no pipes: its work checks the order, and says by `uncounted` which error means that nothing was done. */
export async function openRun(): Promise<Driver> {
  const store = new TableStore();
  const module = await Test.createTestingModule({
    imports: [IdempotencyModule.forRoot({ store, ttlSeconds: 60, leaseMs: 5_000 })],
    providers: [Orders],
  }).compile();
  const app = await module.init();
  const orders = app.get(Orders);

  async function place(order: Order) {
    if ((await validate(Object.assign(new Order(), order))).length > 0)
      throw new BadRequestException('not an order');
    return orders.place(order, soldOutOverHttp);
  }

  return {
    orders,
    store,
    close: () => app.close(),
    async send(order, key = '') {
      orders.arrive(order.id);
      const options = {
        scope: SCOPE,
        payload: { ...order },
        rememberError: isSoldOut,
        uncounted: isInvalid,
      };
      try {
        const outcome = await app.get(IdempotencyService).run(key, () => place(order), options);
        return {
          caller: outcome.kind === 'failed' ? [outcome.code] : [outcome.kind, JSON.stringify(outcome.result)],
        };
      } catch (error) {
        return { caller: ['throws', error instanceof Error ? error.constructor.name : String(error)] };
      }
    },
  };
}
