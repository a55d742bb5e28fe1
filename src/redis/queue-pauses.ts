import { InjectRedis } from '@nestjs-modules/ioredis';
import { Injectable } from '@nestjs/common';
import type { Cluster, Redis } from 'ioredis';
import { Environment } from '../config/environment';

/** A time in which a process did not consume from a queue: from the start of the pause to its last known moment. */
export interface QueuePause {
  readonly since: Date;
  readonly until: Date;
}

/** With a short TTL, a message published before the end of a pause may wait longer than that until it is processed. */
const SHORTEST_LIFE_MS = 3_600_000;
/** If Redis fails again and again for days, the latest pauses are enough: a message that waited longer counts as older. */
const MOST_PAUSES = 1_000;

/**
 * Stores in Redis when the consumption of a queue was paused, for all processes and across restarts: a sorted set for each
 * queue, with the start of each pause as the member and its last known moment as the score. Each step is safe on its own,
 * and in any order with the steps of other processes.
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

  /** Records that the pause that began then still lasts. Call it again and again while the pause lasts. */
  async lasts(queue: string, since: Date): Promise<void> {
    const name = nameOf(queue);
    const now = Date.now();
    await this.redis.zadd(name, 'GT', now, String(since.getTime()));
    await this.redis.zremrangebyscore(name, '-inf', now - this.lifeMs);
    await this.redis.pexpire(name, this.lifeMs);
  }

  /** Pauses that lasted until then or longer; pauses of several processes may overlap. */
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
