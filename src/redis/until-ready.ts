import { once } from 'node:events';
import type { Cluster, Redis } from 'ioredis';
import { messageOf } from '../text/message-of';

const REDIS_WITHIN_MS = 5_000;

/** Waits for the connection. Rejects at the first error, because an operator waits for the command. */
export async function untilReady(redis: Redis | Cluster): Promise<void> {
  if (redis.status === 'ready') return;
  try {
    await once(redis, 'ready', { signal: AbortSignal.timeout(REDIS_WITHIN_MS) });
  } catch (cause) {
    const reason = messageOf(cause);
    throw new Error(`Redis (REDIS_URL) is not reachable: ${reason}`, { cause });
  }
}
