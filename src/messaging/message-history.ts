import type { ConsumeMessage } from 'amqplib';
import { isKey } from '../idempotency';
import { HEADERS, retryQueue, type WorkQueue } from './topology';

/** What a message says of its own past. */
export interface MessageHistory {
  /** Counted attempts; 0 for a new message. */
  readonly attempts: number;
  /** Attempts made before a person replayed the message. */
  readonly attemptsBeforeReplay: number;
}

/** Header values come from outside: anything but a count is none. */
export function historyOf(message: ConsumeMessage): MessageHistory {
  return {
    attempts: countIn(message, HEADERS.attempts),
    attemptsBeforeReplay: countIn(message, HEADERS.attemptsBeforeReplay),
  };
}

/** Since when a copy has waited that came back from one of the queue's retry queues; a replay of it does not wait. */
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

/** What a log line may say of a message, whatever is in it. */
export function identityOf(message: ConsumeMessage): Record<string, unknown> {
  const key: unknown = message.properties.headers?.[HEADERS.idempotencyKey];
  const messageId: unknown = message.properties.messageId;
  return {
    // One that cannot be used may be anything, from a forged log line to a card's verification number.
    ...(isKey(key) && { idempotencyKey: key }),
    ...(typeof messageId === 'string' && { messageId }),
    redelivered: message.fields.redelivered,
  };
}

function countIn(message: ConsumeMessage, header: string): number {
  const value: unknown = message.properties.headers?.[header];
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
