import type { GetMessage, Message } from 'amqplib';
import { CHARGES, HEADERS, workQueueBehind, type WorkQueue } from '../../messaging/topology';
import { latestDeath } from './latest-death';

/**
 * The queue that a dead letter failed in. `x-death` names it when the broker dead-lettered the message, a header of ours
 * when the service did. Dead letters that are older than this header are payment requests.
 */
export function originOf(message: Message | GetMessage): WorkQueue {
  const { properties } = message;
  const name: unknown = latestDeath(message)?.queue ?? properties.headers?.[HEADERS.originalRoutingKey];
  return workQueueBehind(name) ?? CHARGES;
}
