import { Injectable } from '@nestjs/common';
import { Gauge, Registry } from 'prom-client';
import { RedisHealth } from './redis.health';

/**
 * Shows whether payments may rely on Redis. Nothing else tells it when no payment comes; and a server that may evict
 * records takes every step, so no payment ever fails on it.
 */
@Injectable()
export class RedisMetrics {
  constructor(registry: Registry, health: RedisHealth) {
    new Gauge({
      name: 'idempotency_store_ready',
      help: 'Redis answers, takes writes and evicts nothing: 1 or 0.',
      registers: [registry],
      async collect() {
        const { redis } = await health.check();
        this.set(Number(redis.status === 'up'));
      },
    });
  }
}
