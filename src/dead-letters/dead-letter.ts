import { createHash } from 'node:crypto';
import type { GetMessage, Message } from 'amqplib';
import { amqpInstant, canonicalJson } from '../idempotency';
import { endsPayment } from '../messaging/fate';
import { readBody, UnreadableMessageError } from '../messaging/message-body';
import { senderHeaders } from '../messaging/message-copy';
import { HEADERS, PAYMENT_REQUESTED } from '../messaging/topology';
import { originOf } from './origin';

/** A dead letter as a person sees it in a list. */
export interface DeadLetter {
  /** Made from the content, so that it is the same each time the queue is read. */
  readonly id: string;
  /** One of the service's reasons, or `delivery-limit` when the broker gave the message up. */
  readonly reason: string;
  /** Whether it is the end of the payment with its key. If not, it never was that payment, or that has another end. */
  readonly endsPayment: boolean;
  readonly detail: string;
  readonly attempts: number;
  /** Where a replay goes: what kind of request it was. */
  readonly routingKey: string;
  readonly idempotencyKey?: string;
  readonly publishedAt?: string;
  readonly deadLetteredAt?: string;
}

/** The whole of it. */
export interface DeadLetterContent extends DeadLetter {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export function deadLetterFrom(message: Message | GetMessage): DeadLetter {
  const headers = senderHeaders(message.properties.headers);
  const published = amqpInstant(message.properties.timestamp);
  const key = textIn(headers, HEADERS.idempotencyKey) ?? keyInBody(message);
  const deadLetteredAt = textIn(headers, HEADERS.deadLetteredAt);
  const reason = brokerReason(message) ?? textIn(headers, HEADERS.deadLetterReason) ?? 'unknown';
  const routingKey = originOf(message);
  return {
    id: idOf(message),
    reason,
    endsPayment: routingKey === PAYMENT_REQUESTED && endsPayment(reason),
    detail:
      textIn(headers, HEADERS.deadLetterDetail) ??
      'came back unacknowledged too often; does it kill its consumer?',
    attempts: numberIn(headers, HEADERS.attempts) ?? 0,
    routingKey,
    ...(key !== undefined && { idempotencyKey: key }),
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
  return body instanceof UnreadableMessageError ? undefined : textIn(body, 'idempotencyKey');
}

/**
 * Undefined when the broker did not give the message up itself: what the service dead-letters has none of the broker's
 * marks. Its latest one counts, because each wait in a retry queue leaves one, too.
 */
function brokerReason({ properties }: Message | GetMessage): string | undefined {
  const deaths: unknown = properties.headers?.['x-death'];
  const latest: unknown = Array.isArray(deaths) ? deaths[0] : undefined;
  if (typeof latest !== 'object' || latest === null || !('reason' in latest)) return undefined;
  return typeof latest.reason === 'string' ? latest.reason.replaceAll('_', '-') : undefined;
}

function textIn(headers: Record<string, unknown>, name: string): string | undefined {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function numberIn(headers: Record<string, unknown>, name: string): number | undefined {
  const value = headers[name];
  return typeof value === 'number' ? value : undefined;
}
