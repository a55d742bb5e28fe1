import { InjectRedis } from '@nestjs-modules/ioredis';
import { Injectable } from '@nestjs/common';
import type { Cluster, Redis } from 'ioredis';
import { Environment } from '../config/environment';

/** A pause of a queue's consumption; one without an end still lasts, or its process died in it. */
export interface QueuePause {
  readonly since: Date;
  readonly until: Date | undefined;
}

/** What was published before a pause ended may wait longer than short-lived records live until its turn comes. */
const SHORTEST_LIFE_MS = 3_600_000;

/**
 * Remembers in Redis since when the consumption of a queue was paused, for all processes and through restarts. A pause that
 * begins again while the last one is remembered continues it. Each step alone is right in any order with those of other
 * processes: the start is the first that was written, the end the last.
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

  /** To be repeated while it lasts: what is not is forgotten. */
  async lasts(queue: string, since: Date): Promise<void> {
    const { start, end } = namesOf(queue);
    const begun = await this.redis.set(start, since.getTime(), 'PX', this.lifeMs, 'NX');
    if (begun === null) await this.redis.pexpire(start, this.lifeMs);
    await this.redis.del(end);
  }

  async ended(queue: string, since: Date): Promise<void> {
    await this.lasts(queue, since);
    await this.redis.set(namesOf(queue).end, Date.now(), 'PX', this.lifeMs);
  }

  async find(queue: string): Promise<QueuePause | undefined> {
    const { start, end } = namesOf(queue);
    const [since, until] = [instantIn(await this.redis.get(start)), instantIn(await this.redis.get(end))];
    return since && { since, until };
  }
}

function namesOf(queue: string): { start: string; end: string } {
  return { start: `paused:${queue}:since`, end: `paused:${queue}:until` };
}

function instantIn(text: string | null): Date | undefined {
  return text === null ? undefined : new Date(Number(text));
}
