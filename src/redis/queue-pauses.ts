import { InjectRedis } from '@nestjs-modules/ioredis';
import { Injectable } from '@nestjs/common';
import type { Cluster, Redis } from 'ioredis';
import { Environment } from '../config/environment';

/** When a process consumed nothing from a queue: from a pause's first moment to the last that is known of it. */
export interface QueuePause {
  readonly since: Date;
  readonly until: Date;
}

/** What was published before a pause ended may wait longer than short-lived records live until its turn comes. */
const SHORTEST_LIFE_MS = 3_600_000;
/** Of a Redis that comes and goes for days the latest are enough: what waited longer counts as older. */
const MOST_PAUSES = 1_000;

/**
 * Remembers in Redis when the consumption of a queue was paused, for all processes and through restarts: in a sorted set
 * for each queue, a pause's start with its last known moment as the score. Each step is right alone, and in any order
 * with those of other processes.
 */
@Injectable()
export class QueuePauses {
  private readonly lifeMs: number;

  constructor(
    @InjectRedis() private readonly redis: Redis | Cluster,
    environment: Environment,
  ) {
    this.lifeMs = Math.max(environment.idempotencyTtlSeconds * 1000, SHORTEST_LIFE_MS);
  }

  /** The pause that began then lasts until now. To be repeated while it does. */
  async lasts(queue: string, since: Date): Promise<void> {
    const name = nameOf(queue);
    const now = Date.now();
    await this.redis.zadd(name, 'GT', now, String(since.getTime()));
    await this.redis.zremrangebyscore(name, '-inf', now - this.lifeMs);
    await this.redis.pexpire(name, this.lifeMs);
  }

  /** Those that lasted until then or longer; those of several processes may overlap. */
  async findSince(queue: string, instant: Date): Promise<QueuePause[]> {
    const from = instant.getTime();
    const answer = await this.redis.zrange(
      nameOf(queue),
      '+inf',
      from,
      'BYSCORE',
      'REV',
      'LIMIT',
      0,
      MOST_PAUSES,
      'WITHSCORES',
    );
    return pairsOf(answer).map(([since, until]) => ({ since: instantIn(since), until: instantIn(until) }));
  }
}

function nameOf(queue: string): string {
  return `paused:${queue}`;
}

function pairsOf(flat: readonly string[]): [string, string][] {
  return flat.flatMap((member, at) => {
    const score = flat[at + 1];
    return at % 2 === 0 && score !== undefined ? [[member, score] satisfies [string, string]] : [];
  });
}

function instantIn(text: string): Date {
  return new Date(Number(text));
}
