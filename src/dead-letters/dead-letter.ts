import { createHash } from 'node:crypto';
import type { GetMessage, Message } from 'amqplib';
import { amqpInstant, canonicalJson, isKey } from '../idempotency';
import { printable } from '../text/printable';
import { endsPayment } from '../payment/payment-reasons';
import { readBody, UnreadableMessageError } from '../messaging/message-body';
import { senderHeaders } from '../messaging/message-copy';
import { publisherOf } from '../messaging/message-origin';
import { HEADERS, PAYMENT_REQUESTED } from '../messaging/topology';
import { latestDeath } from './latest-death';
import { originOf } from './origin';

/** A dead letter as a person sees it in a list. */
export interface DeadLetter {
  /** Made from the content, so that it is the same each time the queue is read. */
  readonly id: string;
  /** One of the service's reasons; when the broker gave the message up, its own: `delivery-limit`, `expired`. */
  readonly reason: string;
  /** Whether it is the end of the payment with its key. If not, it never was that payment, or that has another end. */
  readonly endsPayment: boolean;
  readonly detail: string;
  readonly attempts: number;
  /** Where a replay goes: what kind of request it was. */
  readonly routingKey: string;
  readonly idempotencyKey?: string;
  /** The broker user who published it, where that was said. */
  readonly publisher?: string;
  readonly publishedAt?: string;
  readonly deadLetteredAt?: string;
}

/** The whole of it. */
export interface DeadLetterContent extends DeadLetter {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const LONGEST_TEXT = 300;

/** Its texts are printable and bounded, whatever is in the message. */
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
 * Neither position nor delivery tag survives a second look, and not every sender sets a message id. Canonical, because
 * the broker gives a message's headers back in another order once it has been read.
 */
function idOf({ properties, content }: Message | GetMessage): string {
  const sent = JSON.stringify([
    properties.messageId,
    properties.timestamp,
    senderHeaders(properties.headers),
  ]);
  return (
    createHash('sha256')
      // Parsed again, because a header may be a number that canonical JSON does not take, such as NaN.
      .update(canonicalJson(JSON.parse(sent)) ?? '')
      .update(content)
      .digest('hex')
      .slice(0, 12)
  );
}

/** Where there is no header, the body's key counts. */
function keyInBody(message: Message | GetMessage): string | undefined {
  const body = readBody(message.content, message);
  return body instanceof UnreadableMessageError ? undefined : ownTextIn(body, 'idempotencyKey');
}

function brokerDetail(reason: string): string {
  switch (reason) {
    case 'delivery-limit':
      return 'came back unacknowledged too often; does it kill its consumer?';
    case 'expired':
      return 'its sender set an expiration, and no consumer took it in time; a replay does not expire';
    default:
      return 'RabbitMQ took it out of its queue';
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
