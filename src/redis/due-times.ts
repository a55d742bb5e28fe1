import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InjectRedis } from '@nestjs-modules/ioredis';
import { Injectable } from '@nestjs/common';
import type { Cluster, Redis } from 'ioredis';

const TAKE_DUE = readFileSync(join(__dirname, 'take-due.lua'), 'utf8');

/**
 * Names that must be looked at again and again, with growing waits, by one process at a time: a sorted set in Redis. A member
 * is the moment since when, and the name; its score is the next moment.
 */
@Injectable()
export class DueTimes {
  constructor(@InjectRedis() private readonly redis: Redis | Cluster) {}

  async add(set: string, name: string, firstInMs: number): Promise<void> {
    const now = Date.now();
    await this.redis.zadd(set, now + firstInMs, `${now}:${name}`);
  }

  /** Members that are due. Of several processes, one gets each; the next time is as far away as it has been there. */
  async takeDue(
    set: string,
    { atMost, shortestMs, longestMs }: { atMost: number; shortestMs: number; longestMs: number },
  ): Promise<{ readonly member: string; readonly name: string }[]> {
    const reply = await this.redis.eval(TAKE_DUE, 1, set, atMost, shortestMs, longestMs, Date.now());
    const members = Array.isArray(reply) ? reply.map(String) : [];
    return members.map((member) => ({ member, name: member.slice(member.indexOf(':') + 1) }));
  }

  async remove(set: string, member: string): Promise<void> {
    await this.redis.zrem(set, member);
  }
}
