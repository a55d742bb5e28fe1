import type { ConsumeMessage } from 'amqplib';
import { isKey } from 'nestjs-idempotent';
import { HEADERS } from './topology';

/**
 * The idempotency key in a message, for logs and spans; undefined without a valid one. A key that is not valid may be
 * anything, such as a forged log line or a card's verification number.
 */
export function keyIn({ properties }: ConsumeMessage, body: unknown): string | undefined {
  const inHeader: unknown = properties.headers?.[HEADERS.idempotencyKey];
  const key = typeof inHeader === 'string' ? inHeader : keyInBody(body);
  return isKey(key) ? key : undefined;
}

function keyInBody(body: unknown): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, 'idempotencyKey') : undefined;
}
