import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import {
  Body,
  Controller,
  Module,
  Post,
  type DynamicModule,
  type INestApplication,
  type NestApplicationOptions,
  type Type,
} from '@nestjs/common';
import { NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import {
  ClientProxyFactory,
  EventPattern,
  Payload,
  RmqRecordBuilder,
  Transport,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { Redis } from 'ioredis';
import {
  Idempotent,
  IdempotencyContext,
  IdempotencyModule,
  IdempotencyService,
  IdempotentPayload,
  type HandlerKind,
} from 'nestjs-idempotent';
import { microservices } from 'nestjs-idempotent/microservices';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { lastValueFrom } from 'rxjs';

/** An application that a row of the matrix installs, compiles and runs; it ends with code 0 if each effect happened once. */
const platform = process.env.PLATFORM === 'fastify' ? 'fastify' : 'express';
const withGolevelup = process.env.WITH_GOLEVELUP === 'true';
const withOpenApi = process.env.WITH_OPENAPI === 'true';
const name = `matrix-${randomUUID()}`;
const effects: string[] = [];

@Controller()
class Carts {
  @Post('cart')
  @Idempotent({ scope: 'cart' })
  add(
    @Body() body: { sku: string },
    @IdempotentPayload() payload: unknown,
    @IdempotencyContext() context: IdempotencyContext,
  ): object {
    effects.push('cart');
    return { sku: body.sku, payload, key: context.key };
  }
}

@Controller()
class Parcels {
  @EventPattern('parcel.packed')
  @Idempotent({ scope: 'parcel' })
  ship(@Payload() event: object): void {
    effects.push(event instanceof Object ? 'parcel' : 'nothing');
  }
}

const transport = {
  transport: Transport.RMQ,
  options: {
    urls: [process.env.RABBITMQ_URL ?? ''],
    queue: `${name}-events`,
    noAck: false,
    prefetchCount: 1,
    queueOptions: { durable: false, autoDelete: true },
  },
} satisfies MicroserviceOptions;

/** The third event has another key: with a prefetch of one it is handled after both copies. */
async function emitTwice(): Promise<void> {
  const { queue, urls, queueOptions } = transport.options;
  const client = ClientProxyFactory.create({
    transport: Transport.RMQ,
    options: { queue, urls, queueOptions },
  });
  for (const key of [name, name, `${name}-last`]) {
    const record = new RmqRecordBuilder({}).setOptions({ headers: { 'idempotency-key': key } }).build();
    await lastValueFrom(client.emit('parcel.packed', record));
  }
  await untilCounted('parcel', 2);
  await client.close();
}

const HANDLED_WITHIN_MS = 10_000;

/** Resolves when there are as many effects, or much later. */
async function untilCounted(effect: string, count: number): Promise<void> {
  const until = Date.now() + HANDLED_WITHIN_MS;
  while (effects.filter((one) => one === effect).length < count && Date.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 50));
}

export interface SubscriberOptions {
  readonly name: string;
  readonly effects: string[];
  readonly untilCounted: (effect: string, count: number) => Promise<void>;
}

export interface Subscriber {
  readonly imports: DynamicModule[];
  readonly providers: Type[];
  readonly handlers: HandlerKind[];
  readonly publishTwice: (app: INestApplication) => Promise<void>;
}

/** Loaded by a name that the compiler does not look up: not every row has the packages. */
async function load<T>(file: string): Promise<T> {
  return (await import(file)) as T;
}

async function subscriberOfGolevelup(): Promise<Subscriber> {
  if (!withGolevelup)
    return { imports: [], providers: [], handlers: [], publishTwice: () => Promise.resolve() };
  const { subscriber } = await load<{ subscriber: (options: SubscriberOptions) => Subscriber }>(
    './rabbit.js',
  );
  return subscriber({ name, effects, untilCounted });
}

async function newApplication(module: Type): Promise<INestApplication> {
  const options = { logger: ['error', 'warn'] } satisfies NestApplicationOptions;
  if (platform === 'express') return NestFactory.create(module, options);
  const { FastifyAdapter } = await load<{ FastifyAdapter: new () => AbstractHttpAdapter }>(
    '@nestjs/platform-fastify',
  );
  return NestFactory.create(module, new FastifyAdapter(), options);
}

/** What the library uses of @nestjs/swagger's own names for metadata must be the same in each of its versions. */
async function expectDocument(app: INestApplication): Promise<void> {
  if (!withOpenApi) return;
  const { SwaggerModule, DocumentBuilder } = await load<{
    SwaggerModule: { createDocument: (app: INestApplication, config: object) => ApiDocument };
    DocumentBuilder: new () => { build: () => object };
  }>('@nestjs/swagger');
  const { paths, components } = SwaggerModule.createDocument(app, new DocumentBuilder().build());
  const { parameters, responses } = paths['/cart']?.post ?? {};
  const headers = parameters?.map(({ name, required }) => `${name} ${required}`);
  expectEqual('documented headers', headers, ['Idempotency-Key true']);
  const statuses = ['201', '400', '409', '422', '503'];
  expectEqual('documented answers', Object.keys(responses ?? {}), statuses);
  const { properties } = components.schemas?.IdempotencyProblemDetails ?? {};
  const members = ['type', 'title', 'status', 'detail', 'code'];
  expectEqual('documented problem', Object.keys(properties ?? {}), members);
}

interface ApiDocument {
  readonly paths: Record<string, { readonly post?: Operation }>;
  readonly components: { readonly schemas?: Record<string, { readonly properties?: object }> };
}

interface Operation {
  readonly parameters: readonly { readonly name: string; readonly required: boolean }[];
  readonly responses: object;
}

async function main(): Promise<void> {
  const redis = new Redis(process.env.REDIS_URL ?? '', { commandTimeout: 2_000, maxRetriesPerRequest: 0 });
  const { imports, providers, handlers, publishTwice } = await subscriberOfGolevelup();
  const store = new RedisIdempotencyStore(redis);
  @Module({
    imports: [
      IdempotencyModule.forRoot({
        store,
        ttlSeconds: 60,
        leaseMs: 5_000,
        handlers: [microservices(), ...handlers],
      }),
      ...imports,
    ],
    controllers: [Carts, Parcels],
    providers,
  })
  class Application {}
  const app = await newApplication(Application);
  await expectDocument(app);
  app.connectMicroservice<MicroserviceOptions>(transport);
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const post = async () => {
    const answer = await fetch(`${url}/cart`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': name },
      body: '{"sku":"A"}',
    });
    return `${answer.status} ${String(answer.headers.get('idempotent-replayed'))} ${await answer.text()}`;
  };
  const answers = [await post(), await post()];
  const body = JSON.stringify({ sku: 'A', payload: { sku: 'A' }, key: name });
  expectEqual('answers over HTTP', answers, [`201 null ${body}`, `201 true ${body}`]);
  const service = app.get(IdempotencyService);
  const work = () => Promise.resolve(effects.push('run'));
  await service.run(name, work, { scope: 'run' });
  await service.run(name, work, { scope: 'run' });
  await emitTwice();
  await publishTwice(app);
  expectEqual('effects', effects, [
    'cart',
    'run',
    'parcel',
    'parcel',
    ...(withGolevelup ? ['mail', 'mail'] : []),
  ]);
  await app.close();
  await redis.quit();
}

function expectEqual(what: string, found: unknown, expected: unknown): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what}: ${one} instead of ${other}`);
}

main().then(
  () => console.log('each effect happened once'),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
