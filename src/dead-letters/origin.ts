import type { GetMessage, Message } from 'amqplib';
import { CHARGES, HEADERS, workQueueBehind, type WorkQueue } from '../messaging/topology';
import { latestDeath } from './latest-death';

/**
 * The queue that a dead letter failed in. Of what the broker gave up itself, it says which that was; of what the service
 * gave up, a header does. Letters from before there was one are payment requests.
 */
export function originOf(message: Message | GetMessage): WorkQueue {
  const { properties } = message;
  const name: unknown = latestDeath(message)?.queue ?? properties.headers?.[HEADERS.originalRoutingKey];
  return workQueueBehind(name) ?? CHARGES;
}
