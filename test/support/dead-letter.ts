import type { GetMessage, MessageProperties } from 'amqplib';
import { isJsonObject } from './json';
import type { JsonObject } from './json';

export interface DeadLetter {
  reason: unknown;
  detail: unknown;
  attempts: unknown;
  headers: JsonObject;
  properties: MessageProperties;
  body: Buffer;
}

export function toDeadLetter({ content, properties }: GetMessage): DeadLetter {
  const headers: unknown = properties.headers;
  const table = isJsonObject(headers) ? headers : {};
  return {
    reason: table['x-dead-letter-reason'],
    detail: table['x-dead-letter-detail'],
    attempts: table['x-attempts'],
    headers: table,
    properties,
    body: content,
  };
}
