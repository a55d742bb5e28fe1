import { InjectRedis } from '@nestjs-modules/ioredis';
import { Injectable } from '@nestjs/common';
import type { Cluster, Redis } from 'ioredis';

/** Texts that Redis keeps for a limited time. Each method rejects with an error of the client if Redis does not answer. */
@Injectable()
export class ExpiringTexts {
  constructor(@InjectRedis() private readonly redis: Redis | Cluster) {}

  async set(name: string, text: string, lifeMs: number): Promise<void> {
    await this.redis.set(name, text, 'PX', lifeMs);
  }

  async get(name: string): Promise<string | undefined> {
    return (await this.redis.get(name)) ?? undefined;
  }

  async delete(name: string): Promise<void> {
    await this.redis.del(name);
  }
}
