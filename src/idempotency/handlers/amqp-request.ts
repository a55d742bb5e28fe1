import type { ConsumeMessage } from 'amqplib';
import type { IncomingRequest } from './handler-kind';

/** An AMQP message as a request. Its properties come from outside: any type. */
export function amqpRequest(payload: unknown, message: ConsumeMessage): IncomingRequest {
  const headers: unknown = message.properties.headers;
  const timestamp: unknown = message.properties.timestamp;
  return {
    source: message,
    headers,
    payload,
    requestedAt: instantOf(timestamp),
  };
}

/** AMQP counts in seconds, in 64 bits: more than there are dates for. */
function instantOf(timestamp: unknown): Date | undefined {
  if (typeof timestamp !== 'number') return undefined;
  const instant = new Date(timestamp * 1000);
  return Number.isNaN(instant.getTime()) ? undefined : instant;
}
