import type { GetMessage, Message } from 'amqplib';

/** Where and why the broker dead-lettered a message. */
export interface Death {
  readonly queue: string;
  /** With hyphens, such as `delivery-limit`. */
  readonly reason: string;
}

/**
 * Why the broker itself dead-lettered a message: the first entry of `x-death`, which the broker wrote even if a publisher
 * added others. Undefined for a message that the service dead-lettered: it has no `x-death`.
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
