import type { ConsumeMessage } from 'amqplib';
import { amqpInstant } from './amqp-instant';
import type { IncomingRequest } from './handler-kind';

/** An AMQP message as a request. Its properties come from outside, so they may have any type. */
export function amqpRequest(payload: unknown, message: ConsumeMessage): IncomingRequest {
  const headers: unknown = message.properties.headers;
  const timestamp: unknown = message.properties.timestamp;
  return {
    source: message,
    headers,
    payload,
    requestedAt: amqpInstant(timestamp)?.instant,
  };
}
