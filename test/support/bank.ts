import { AmqpConnection, RabbitMQModule, RabbitPayload, RabbitSubscribe } from '@golevelup/nestjs-rabbitmq';
import { Injectable, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  IdempotencyContext,
  IdempotencyModule,
  IdempotencyService,
  Idempotent,
  type IdempotencyModuleOptions,
} from 'nestjs-idempotent';
import { OutboxRelay } from 'nestjs-idempotent/postgres';
import { publishWith, rabbitmq } from 'nestjs-idempotent/rabbitmq';
import type { EffectsDatabase } from './transactional-engine';

@Injectable()
class Transfers {
  @RabbitSubscribe({ exchange: 'bank', routingKey: 'transfer.requested', queue: 'bank.transfers' })
  @Idempotent({ transaction: true })
  async request(
    @RabbitPayload() { amount }: { amount: number },
    @IdempotencyContext() context: IdempotencyContext,
  ) {
    await context.transaction.query('INSERT INTO effects VALUES ($1, $2)', ['requested', amount]);
    await context.publish('bank', 'transfer.booked', { amount });
  }

  @RabbitSubscribe({ exchange: 'bank', routingKey: 'transfer.booked', queue: 'bank.bookings' })
  @Idempotent({ transaction: true })
  async book(
    @RabbitPayload() { amount }: { amount: number },
    @IdempotencyContext() context: IdempotencyContext,
  ) {
    await context.transaction.query('INSERT INTO effects VALUES ($1, $2)', ['booked', amount]);
  }
}

/** A NestJS application whose first handler publishes to the second one with its transaction. */
export class Bank {
  private closed: Promise<void> | undefined;

  private constructor(private readonly app: INestApplication) {}

  static async open(uri: string, database: EffectsDatabase): Promise<Bank> {
    const messaging = RabbitMQModule.forRoot({ uri, exchanges: [{ name: 'bank', type: 'topic' }] });
    const module = await Test.createTestingModule({
      imports: [
        messaging,
        IdempotencyModule.forRootAsync({
          imports: [messaging],
          inject: [AmqpConnection],
          useFactory: (connection: AmqpConnection): IdempotencyModuleOptions => ({
            store: database.store,
            transactions: database.transactions,
            outbox: new OutboxRelay(database.pool, { publish: publishWith(connection) }),
            ttlSeconds: 600,
            leaseMs: 30_000,
            handlers: [rabbitmq()],
          }),
        }),
      ],
      providers: [Transfers],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    await app.init();
    return new Bank(app);
  }

  /** Sends a request, as often as its sender repeats it. */
  async send(key: string, amount: number, copies: number): Promise<void> {
    const headers = { 'idempotency-key': key };
    for (let copy = 0; copy < copies; copy++)
      await this.app.get(AmqpConnection).publish('bank', 'transfer.requested', { amount }, { headers });
  }

  get idempotency(): IdempotencyService {
    return this.app.get(IdempotencyService);
  }

  close(): Promise<void> {
    // golevelup waits for ever the second time.
    return (this.closed ??= this.app.close());
  }
}
