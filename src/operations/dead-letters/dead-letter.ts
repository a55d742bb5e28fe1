import { createHash } from 'node:crypto';
import type { GetMessage, Message } from 'amqplib';
import { canonicalJson, isKey } from 'nestjs-idempotent';
import { amqpInstant } from 'nestjs-idempotent/rabbitmq';
import { printable } from '../../text/printable';
import { endsPayment } from '../../payment/payment-reasons';
import { readBody, UnreadableMessageError } from '../../messaging/message-body';
import { senderHeaders } from '../../messaging/message-copy';
import { publisherOf } from '../../messaging/message-headers';
import { HEADERS, PAYMENT_REQUESTED } from '../../messaging/topology';
import { latestDeath } from './latest-death';
import { originOf } from './origin';

/** A dead letter as the list shows it. */
export interface DeadLetter {
  /** A hash of the message, so it is the same each time the queue is read. */
  readonly id: string;
  /** One of the service's reasons; when the broker dead-lettered it, the broker's: `delivery-limit`, `expired`. */
  readonly reason: string;
  /** Whether the payment with its key ends here. If not, the payment has another end, or this was never that payment. */
  readonly endsPayment: boolean;
  readonly detail: string;
  readonly attempts: number;
  /** The kind of message; a replay goes to its queue. */
  readonly routingKey: string;
  readonly idempotencyKey?: string;
  /** The RabbitMQ user who published it, if known. */
  readonly publisher?: string;
  readonly publishedAt?: string;
  readonly deadLetteredAt?: string;
}

/** The complete message. */
export interface DeadLetterContent extends DeadLetter {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const LONGEST_TEXT = 300;

/** Its texts are printable and of limited length, whatever the message contains. */
export function deadLetterFrom(message: Message | GetMessage): DeadLetter {
  const headers = senderHeaders(message.properties.headers);
  const published = amqpInstant(message.properties.timestamp);
  const key = ownTextIn(headers, HEADERS.idempotencyKey) ?? keyInBody(message);
  const deadLetteredAt = shownIn(headers, HEADERS.deadLetteredAt);
  const reason = latestDeath(message)?.reason ?? shownIn(headers, HEADERS.deadLetterReason) ?? 'unknown';
  const { routingKey } = originOf(message);
  const publisher = publisherOf(message);
  return {
    id: idOf(message),
    reason,
    endsPayment: routingKey === PAYMENT_REQUESTED && endsPayment(reason),
    detail: shownIn(headers, HEADERS.deadLetterDetail) ?? brokerDetail(reason),
    attempts: numberIn(headers, HEADERS.attempts) ?? 0,
    routingKey,
    ...(key !== undefined && { idempotencyKey: isKey(key) ? key : printable(key, LONGEST_TEXT) }),
    ...(publisher !== undefined && { publisher }),
    ...(published && { publishedAt: published.instant.toISOString() }),
    ...(deadLetteredAt !== undefined && { deadLetteredAt }),
  };
}

export function deadLetterContentFrom(message: Message | GetMessage): DeadLetterContent {
  return {
    ...deadLetterFrom(message),
    headers: senderHeaders(message.properties.headers),
    body: message.content.toString('utf8'),
  };
}

/**
 * Position and delivery tag differ each time the queue is read, and not every publisher sets a message id. Canonical
 * JSON, because the broker returns the headers of a message in another order once it has been read.
 */
function idOf({ properties, content }: Message | GetMessage): string {
  const sent = JSON.stringify([
    properties.messageId,
    properties.timestamp,
    senderHeaders(properties.headers),
  ]);
  return (
    createHash('sha256')
      // Parsed again, because canonical JSON rejects some numbers that a header may have, such as NaN.
      .update(canonicalJson(JSON.parse(sent)) ?? '')
      .update(content)
      .digest('hex')
      .slice(0, 12)
  );
}

/** Used when the message has no key header. */
function keyInBody(message: Message | GetMessage): string | undefined {
  const body = readBody(message.content, message);
  return body instanceof UnreadableMessageError ? undefined : ownTextIn(body, 'idempotencyKey');
}

function brokerDetail(reason: string): string {
  switch (reason) {
    case 'delivery-limit':
      return 'redelivered unacknowledged too often; does it crash its consumer?';
    case 'expired':
      return 'its publisher set an expiration, and no consumer received it in time; a replay does not expire';
    default:
      return 'RabbitMQ removed it from its queue';
  }
}

function shownIn(headers: Record<string, unknown>, name: string): string | undefined {
  const text = ownTextIn(headers, name);
  return text === undefined ? undefined : printable(text, LONGEST_TEXT);
}

function ownTextIn(headers: Record<string, unknown>, name: string): string | undefined {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function numberIn(headers: Record<string, unknown>, name: string): number | undefined {
  const value = headers[name];
  return typeof value === 'number' ? value : undefined;
}
