import { getRedisConnectionToken } from '@nestjs-modules/ioredis';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '../../config/config.module';
import { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { PaymentKeys } from '../../payment/payment-keys';
import { RedisModule } from '../../redis/redis.module';
import { untilReady } from '../../redis/until-ready';
import { countsIn, type AttemptCounts } from './attempt-counts';
import type { DeadLetter } from './dead-letter';

type Client = ConstructorParameters<typeof RedisIdempotencyStore>[0];

@Module({
  imports: [ConfigModule, RedisModule],
  providers: [
    PaymentKeys,
    {
      provide: RedisIdempotencyStore,
      inject: [getRedisConnectionToken()],
      useFactory: async (redis: Client) => {
        await untilReady(redis);
        return new RedisIdempotencyStore(redis);
      },
    },
  ],
})
class StoreModule {}

/** The attempts in Redis, for a command: it connects at the first call, since only a replay needs them. */
export class LazyAttemptCounts {
  private opened: Promise<INestApplicationContext> | undefined;
  private counts: AttemptCounts | undefined;

  /** @throws an error that names REDIS_URL when Redis is not reachable */
  readonly of: AttemptCounts = async (letter: DeadLetter) => {
    this.opened ??= NestFactory.createApplicationContext(StoreModule, { logger: false, abortOnError: false });
    const app = await this.opened;
    this.counts ??= countsIn(app.get(RedisIdempotencyStore), app.get(PaymentKeys));
    return this.counts(letter);
  };

  async close(): Promise<void> {
    const app = await this.opened?.catch(() => undefined);
    await app?.close();
  }
}
