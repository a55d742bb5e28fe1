import type { GetMessage, Message } from 'amqplib';
import { CHARGES, HEADERS, workQueueBehind } from '../messaging/topology';

/**
 * The routing key by which a dead letter comes back to the queue it failed in. The broker keeps the routing key of what
 * it dead-letters itself; what the service dead-letters says it in a header. Letters from before there was one are
 * payment requests.
 */
export function originOf({ fields, properties }: Message | GetMessage): string {
  const origin =
    workQueueBehind(fields.routingKey) ?? workQueueBehind(properties.headers?.[HEADERS.originalRoutingKey]);
  return (origin ?? CHARGES).routingKey;
}
