import { RabbitMQModule } from '@golevelup/nestjs-rabbitmq';
import type { INestApplication } from '@nestjs/common';
import {
  ClientProxyFactory,
  Transport,
  type ClientProxy,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import {
  IdempotencyEvents,
  IdempotencyModule,
  IdempotencyService,
  type IdempotencyEvent,
  type IdempotencyModuleOptions,
} from 'nestjs-idempotent';
import { microservices } from 'nestjs-idempotent/microservices';
import { rabbitmq } from 'nestjs-idempotent/rabbitmq';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { Ledger } from './ledger';
import { ShopController, ShopPatterns, ShopSubscribers } from './shop.handlers';

const PATTERN_QUEUE = 'shop.patterns';

/** A NestJS application that is not the payment service, with one idempotent handler of each kind. */
export class Shop {
  readonly events: IdempotencyEvent[] = [];

  private constructor(
    private readonly app: INestApplication,
    private readonly url: string,
    readonly redis: Redis,
    readonly client: ClientProxy,
  ) {
    app.get(IdempotencyEvents).on((event) => this.events.push(event));
  }

  static async open(options: {
    rabbitmqUrl: string;
    redisUrl: string;
    idempotency?: Partial<IdempotencyModuleOptions>;
  }): Promise<Shop> {
    const { rabbitmqUrl, redisUrl } = options;
    const redis = new Redis(redisUrl);
    await redis.flushdb();
    const module = await Test.createTestingModule({
      imports: [
        RabbitMQModule.forRoot({
          uri: rabbitmqUrl,
          exchanges: [{ name: 'shop', type: 'topic' }],
          enableControllerDiscovery: false,
        }),
        IdempotencyModule.forRoot({
          store: new RedisIdempotencyStore(redis),
          ttlSeconds: 60,
          leaseMs: 5_000,
          handlers: [rabbitmq(), microservices()],
          ...options.idempotency,
        }),
      ],
      controllers: [ShopController, ShopPatterns],
      providers: [Ledger, ShopSubscribers],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    const transport = {
      transport: Transport.RMQ,
      options: { urls: [rabbitmqUrl], queue: PATTERN_QUEUE, noAck: false, queueOptions: { durable: true } },
    } as const satisfies MicroserviceOptions;
    app.connectMicroservice<MicroserviceOptions>(transport);
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    const client = ClientProxyFactory.create({
      ...transport,
      options: { ...transport.options, noAck: true },
    });
    await client.connect();
    return new Shop(app, await app.getUrl(), redis, client);
  }

  get ledger(): Ledger {
    return this.app.get(Ledger);
  }

  get idempotency(): IdempotencyService {
    return this.app.get(IdempotencyService);
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.url}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.app.close();
    await this.redis.quit();
  }
}
