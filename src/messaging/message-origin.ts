import type { Message } from 'amqplib';
import { HEADERS } from './topology';

type Delivered = Pick<Message, 'fields' | 'properties'>;

/** Senders may set only the idempotency key. */
const OURS = Object.values(HEADERS).filter((name) => name !== HEADERS.idempotencyKey);

/**
 * Removes the headers that only this service and its tools may set, unless one of these published the message. Only they
 * may write to the default exchange, which delayed copies, replays and dead letters go through; the broker says through
 * which exchange a message came, whatever its sender wrote into it.
 *
 * Call it before anything else reads the message.
 */
export function removeForeignHeaders({ fields, properties }: Delivered): void {
  const headers: unknown = properties.headers;
  if (fields.exchange === '' || typeof headers !== 'object' || headers === null) return;
  for (const name of OURS) Reflect.deleteProperty(headers, name);
}

/**
 * The user who published a message, as the broker has checked it (https://www.rabbitmq.com/docs/validated-user-id):
 * undefined if the publisher did not set it. A copy cannot have another user's id as its property, so it has a header.
 */
export function publisherOf({ properties }: Delivered): string | undefined {
  const kept: unknown = properties.headers?.[HEADERS.publisher];
  if (typeof kept === 'string') return kept;
  const userId: unknown = properties.userId;
  return typeof userId === 'string' && userId !== '' ? userId : undefined;
}
