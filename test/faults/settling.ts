import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Broker } from '../support/broker';
import { isJsonObject } from '../support/json';
import type { Management } from '../support/management';
import { heldLocks } from '../support/redis';
import { deadLetterQueue } from '../support/topology';
import { eventsQueue } from './event-queue';

const lookEveryMs = 1_000;
/** Their messages stay until the end of the run. */
const kept: readonly string[] = [deadLetterQueue, eventsQueue];
/** Management counts unacknowledged messages, and its counts are up to five seconds old. */
const quietMs = 11_000;

interface Servers {
  broker: Broker;
  management: Management;
  vhost: string;
  redis: Redis;
}

/**
 * Waits until nothing has been left to do for a while.
 * @param leftToDo how much
 * @param withinMs longest time without progress: a slow machine takes longer, but it makes progress
 * @returns when that quiet time began; undefined if progress stopped before
 */
export async function restSince(
  leftToDo: () => Promise<number>,
  withinMs: number,
): Promise<number | undefined> {
  let deadline = Date.now() + withinMs;
  let least = Number.POSITIVE_INFINITY;
  let quietSince: number | undefined;
  while (Date.now() < deadline) {
    const left = await leftToDo().catch(() => Number.POSITIVE_INFINITY);
    if (left < least) {
      least = left;
      deadline = Date.now() + withinMs;
    }
    quietSince = left === 0 ? (quietSince ?? Date.now()) : undefined;
    if (quietSince !== undefined && Date.now() - quietSince >= quietMs) return quietSince;
    await sleep(lookEveryMs);
  }
  return undefined;
}

/** Locks, and messages that are ready or unacknowledged. */
export async function leftIn({ broker, management, vhost, redis }: Servers): Promise<number> {
  const locks = await heldLocks(redis);
  const depths = Object.entries(await broker.queueDepths()).filter(([queue]) => !kept.includes(queue));
  const ready = depths.reduce((sum, [, depth]) => sum + depth, 0);
  return locks.length + ready + (await unacknowledged(management, vhost));
}

/** Messages that consumers hold. */
export async function unacknowledged(management: Management, vhost: string): Promise<number> {
  const queues = await management.queues(vhost);
  return queues.reduce((sum, queue) => sum + Number(queue.messages_unacknowledged ?? 0), 0);
}

/** Counts the broker's redeliveries; the broker's own counter starts at 0 after each restart. */
export class RedeliveryCount {
  private sum = 0;
  private last = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly management: Management,
    private readonly vhost: string,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.look().catch(() => undefined), 3_000);
  }

  stop(): number {
    clearInterval(this.timer);
    return this.sum + this.last;
  }

  private async look(): Promise<void> {
    const queues = await this.management.queues(this.vhost);
    const count = queues
      .map(({ message_stats: stats }) => (isJsonObject(stats) ? Number(stats.redeliver ?? 0) : 0))
      .reduce((sum, one) => sum + one, 0);
    if (count < this.last) this.sum += this.last;
    this.last = count;
  }
}
