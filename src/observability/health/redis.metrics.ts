import { Injectable } from '@nestjs/common';
import { Gauge, Registry } from 'prom-client';
import { RedisHealth } from './redis.health';

/**
 * Shows whether payments can rely on Redis. Without payments no other metric shows it; and with a server that may evict
 * records no step fails, so no payment shows it.
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
