import { getRedisConnectionToken } from '@nestjs-modules/ioredis';
import { ConsoleLogger, Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Cluster, Redis } from 'ioredis';
import { Environment } from '../../src/config/environment';
import { parseEnvironment } from '../../src/config/parse-environment';
import { RedisModule } from '../../src/redis/redis.module';
import { eventually } from './eventually';

export interface ServiceRedis {
  readonly client: Redis | Cluster;
  close(): Promise<void>;
}

/** A connection opened by the service's own module with the service's own options. */
export async function openServiceRedis(urls: readonly string[]): Promise<ServiceRedis> {
  const environment = parseEnvironment({
    RABBITMQ_URL: 'amqp://localhost',
    STRIPE_API_KEY: 'sk_test_spec',
    REDIS_URL: urls.join(','),
  });

  @Global()
  @Module({ providers: [{ provide: Environment, useValue: environment }], exports: [Environment] })
  class GivenEnvironment {}

  const testing = Test.createTestingModule({ imports: [GivenEnvironment, RedisModule] });
  const module = await testing.setLogger(new ConsoleLogger({ logLevels: [] })).compile();
  const client = module.get<Redis | Cluster>(getRedisConnectionToken());
  await eventually(() => client.status === 'ready');
  return { client, close: () => module.close() };
}
