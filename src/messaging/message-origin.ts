import type { Message } from 'amqplib';
import { HEADERS } from './topology';

type Delivered = Pick<Message, 'fields' | 'properties'>;

/** Only the idempotency key is for senders to set. */
const OURS = Object.values(HEADERS).filter((name) => name !== HEADERS.idempotencyKey);

/**
 * Takes the headers off a message that only this service and its tools may set, unless one of these put it where it was
 * read. They alone may write to the default exchange, by which delayed copies, replays and dead letters go; the broker
 * says through which exchange a message came, whatever its sender wrote into it.
 *
 * To be called before anything else looks at a message.
 */
export function removeForeignHeaders({ fields, properties }: Delivered): void {
  const headers: unknown = properties.headers;
  if (fields.exchange === '' || typeof headers !== 'object' || headers === null) return;
  for (const name of OURS) Reflect.deleteProperty(headers, name);
}

/**
 * The user who published a message, as the broker has checked it (https://www.rabbitmq.com/docs/validated-user-id):
 * undefined where he did not say it. Copies cannot carry the property of another user, so they have a header.
 */
export function publisherOf({ properties }: Delivered): string | undefined {
  const kept: unknown = properties.headers?.[HEADERS.publisher];
  if (typeof kept === 'string') return kept;
  const userId: unknown = properties.userId;
  return typeof userId === 'string' && userId !== '' ? userId : undefined;
}
