import type { ConsumeMessage, Message } from 'amqplib';
import { isKey } from 'nestjs-idempotent';
import { HEADERS, retryQueue, type WorkQueue } from './topology';

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

/** A message's own history, from its headers. */
export interface MessageHistory {
  /** Counted attempts; 0 for a new message. */
  readonly attempts: number;
  /** Attempts made before a person replayed the message. */
  readonly attemptsBeforeReplay: number;
}

/** Header values come from outside: anything but a positive integer counts as 0. */
export function historyOf(message: ConsumeMessage): MessageHistory {
  return {
    attempts: countIn(message, HEADERS.attempts),
    attemptsBeforeReplay: countIn(message, HEADERS.attemptsBeforeReplay),
  };
}

/** Since when a copy has waited that came back from a retry queue of this queue; undefined for others, such as a replay. */
export function delayedSince({ properties }: ConsumeMessage, queue: WorkQueue): Date | undefined {
  const deaths: unknown = properties.headers?.['x-death'];
  const cameFrom = Array.isArray(deaths) ? textIn(deaths[0], 'queue') : undefined;
  const since = textIn(properties.headers, HEADERS.waitingSince);
  if (!cameFrom?.startsWith(retryQueue(queue, '')) || since === undefined) return undefined;
  const instant = new Date(since);
  return Number.isNaN(instant.getTime()) ? undefined : instant;
}

function textIn(table: unknown, name: string): string | undefined {
  if (typeof table !== 'object' || table === null) return undefined;
  const value: unknown = Reflect.get(table, name);
  return typeof value === 'string' ? value : undefined;
}

/** Fields of a message that are safe in a log line, whatever the message contains. */
export function identityOf(message: ConsumeMessage): Record<string, unknown> {
  const key: unknown = message.properties.headers?.[HEADERS.idempotencyKey];
  const messageId: unknown = message.properties.messageId;
  return {
    // An invalid key may be anything, such as a forged log line or a card's verification number.
    ...(isKey(key) && { idempotencyKey: key }),
    ...(typeof messageId === 'string' && { messageId }),
    redelivered: message.fields.redelivered,
  };
}

function countIn(message: ConsumeMessage, header: string): number {
  const value: unknown = message.properties.headers?.[header];
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
