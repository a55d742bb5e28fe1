import type { GetMessage, Message } from 'amqplib';

/** Where and why the broker gave a message up. */
export interface Death {
  readonly queue: string;
  /** In our spelling: `delivery-limit`. */
  readonly reason: string;
}

/**
 * The broker's own account of a message that it gave up itself: the first entry of `x-death`, which is true even where a
 * sender wrote others. Undefined for what the service dead-lettered, which has none of the broker's marks.
 */
export function latestDeath({ properties }: Message | GetMessage): Death | undefined {
  const deaths: unknown = properties.headers?.['x-death'];
  const latest: unknown = Array.isArray(deaths) ? deaths[0] : undefined;
  if (typeof latest !== 'object' || latest === null) return undefined;
  if (!('reason' in latest) || !('queue' in latest)) return undefined;
  const { reason, queue } = latest;
  if (typeof reason !== 'string' || typeof queue !== 'string') return undefined;
  return { queue, reason: reason.replaceAll('_', '-') };
}
