import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Broker } from '../support/broker';
import { isJsonObject } from '../support/json';
import type { Management } from '../support/management';
import { deadLetterQueue } from '../support/topology';

const lookEveryMs = 1_000;
/** Management counts what consumers hold, and its counts are up to five seconds old. */
const quietMs = 11_000;

export interface Place {
  broker: Broker;
  management: Management;
  vhost: string;
  redis: Redis;
}

/**
 * Waits until nothing is ready, unacknowledged or locked, and has not been for a while.
 * @returns when that quiet began; undefined when there was none within the time
 */
export async function restSince(place: Place, withinMs: number): Promise<number | undefined> {
  const deadline = Date.now() + withinMs;
  let quietSince: number | undefined;
  while (Date.now() < deadline) {
    const quiet = await isQuiet(place).catch(() => false);
    quietSince = quiet ? (quietSince ?? Date.now()) : undefined;
    if (quietSince !== undefined && Date.now() - quietSince >= quietMs) return quietSince;
    await sleep(lookEveryMs);
  }
  return undefined;
}

async function isQuiet({ broker, management, vhost, redis }: Place): Promise<boolean> {
  if ((await redis.keys('lock:*')).length > 0) return false;
  const depths = Object.entries(await broker.queueDepths());
  if (depths.some(([queue, ready]) => queue !== deadLetterQueue && ready > 0)) return false;
  const queues = await management.queues(vhost);
  return queues.filter(isJsonObject).every((queue) => Number(queue.messages_unacknowledged ?? 0) === 0);
}

/** Counts how often the broker gave a message out again; its own counter begins anew when it starts anew. */
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
