import { RabbitSubscribe } from '@golevelup/nestjs-rabbitmq';
import { Controller, Injectable, Module, Post, type PipeTransform } from '@nestjs/common';
import { EventPattern, Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { Idempotent, IdempotencyModule, type KeyReader } from 'nestjs-idempotent';
import { microservices } from 'nestjs-idempotent/microservices';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { given, ownDatabase } from '../support/isolation';

class NowhereProvided implements PipeTransform {
  transform(value: unknown): unknown {
    return value;
  }
}

class NowhereProvidedKeys implements KeyReader {
  keyOf(): string {
    return 'key';
  }
}

@Controller()
class Keyless {
  @Post()
  @Idempotent({ scope: 'keyless', key: NowhereProvidedKeys })
  handle(): void {}
}

@Controller()
class Careless {
  @Post()
  @Idempotent({ scope: 'careless', payload: NowhereProvided })
  handle(): void {}
}

@Controller()
class Listener {
  @EventPattern('event')
  @Idempotent({ scope: 'listener' })
  handle(): void {}
}

@Injectable()
class Subscriber {
  @RabbitSubscribe({ queue: 'any' })
  @Idempotent({ scope: 'subscriber' })
  handle(): void {}
}

@Module({ controllers: [Careless] })
class CarelessModule {}

describe('an application does not start', () => {
  const redis = new Redis(ownDatabase(given('REDIS_URL')), { lazyConnect: true });
  const bare = { store: new RedisIdempotencyStore(redis), ttlSeconds: 60, leaseMs: 5_000 };
  const settings = { ...bare, handlers: [microservices()] };

  afterAll(async () => {
    await redis.quit();
  });

  it.each([
    { kind: 'rabbitmq', handler: 'Subscriber.handle', providers: [Subscriber], controllers: [] },
    { kind: 'microservices', handler: 'Listener.handle', providers: [], controllers: [Listener] },
  ])('with a handler whose kind is not registered: $kind; the error has the missing line', async (given) => {
    const { kind, handler, providers, controllers } = given;
    const imports = [IdempotencyModule.forRoot(bare)];
    const module = await Test.createTestingModule({ imports, providers, controllers }).compile();
    await expect(module.init()).rejects.toThrow(
      new RegExp(
        `^@Idempotent\\(\\) on ${handler}: .*handlers: \\[${kind}\\(\\)\\].*from 'nestjs-idempotent/${kind}'$`,
      ),
    );
  });

  it('with a pipe that no module provides; the error names the handler', async () => {
    const module = await Test.createTestingModule({
      imports: [IdempotencyModule.forRoot(settings), CarelessModule],
    }).compile();
    await expect(module.init()).rejects.toThrow(
      '@Idempotent() on Careless.handle: payload names NowhereProvided, which no module provides',
    );
  });

  it('with a key reader that no module provides; the error names the handler', async () => {
    const module = await Test.createTestingModule({
      imports: [IdempotencyModule.forRoot(settings)],
      controllers: [Keyless],
    }).compile();
    await expect(module.init()).rejects.toThrow(
      '@Idempotent() on Keyless.handle: key names NowhereProvidedKeys, which no module provides',
    );
  });

  it('with a module default that a handler cannot use; the error names the handler', async () => {
    const module = await Test.createTestingModule({
      imports: [IdempotencyModule.forRoot({ ...settings, defaults: { whenInProgress: 'onFailure' } })],
      controllers: [Listener],
    }).compile();
    await expect(module.init()).rejects.toThrow(
      "@Idempotent() on Listener.handle: whenInProgress 'onFailure' needs `onFailure`",
    );
  });

  it('with a RabbitMQ microservice that acknowledges automatically', async () => {
    const module = await Test.createTestingModule({
      imports: [IdempotencyModule.forRoot(settings)],
      controllers: [Listener],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    app.connectMicroservice({
      transport: Transport.RMQ,
      options: { urls: ['amqp://127.0.0.1:1'], queue: 'any' },
    });
    await expect(app.init()).rejects.toThrow("@Idempotent() on Listener.handle needs 'noAck: false'");
  });
});
