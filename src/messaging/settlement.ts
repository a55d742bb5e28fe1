import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { Channel, ConsumeMessage, Options } from 'amqplib';
import { Environment } from '../config/environment';
import { Consumption } from './consumption';
import { currentDelivery, type DeliveryOutcome } from './delivery';
import { encodableHeaders, shortText } from './encodable';
import { delayAtLeast, type Fate } from './fate';
import { delayedSince } from './message-history';
import { MessageMetrics } from './message.metrics';
import { Publisher, type OutgoingMessage } from './publisher';
import { DEAD_LETTER, HEADERS, retryDelaysMs, retryQueue, type WorkQueue } from './topology';

/** Between two tries to publish what replaces a message. */
const RETRY_MS = 1_000;
/**
 * Headers that must not travel on: those of the broker's own dead-lettering would make it see a cycle and drop the
 * message, and `CC` and `BCC` would send copies to queues of the first sender's choice. `x-waiting-since` belongs to a
 * copy that is delayed: a dead letter does not wait for us.
 */
const DROPPED_HEADERS =
  /^(x-(death|first-death-.*|last-death-.*|delivery-count|acquired-count|delivery-limit|waiting-since|opt-.*)|B?CC)$/;

const OUTCOMES = {
  park: 'parked',
  'dead-letter': 'dead-lettered',
} satisfies Record<Fate['kind'], DeliveryOutcome>;

/** A message that was not processed, the work queue it came from, and what is to become of it. */
export interface Verdict {
  readonly message: ConsumeMessage;
  readonly queue: WorkQueue;
  readonly fate: Fate;
}

/** Carries out a message's fate: publishes what replaces it, and says when the original may be acknowledged. */
@Injectable()
export class Settlement {
  private readonly logger = new Logger(Settlement.name);
  private readonly delaysMs: readonly number[];

  constructor(
    private readonly publisher: Publisher,
    private readonly consumption: Consumption,
    private readonly metrics: MessageMetrics,
    environment: Environment,
  ) {
    this.delaysMs = retryDelaysMs(environment.idempotencyLeaseMs);
  }

  /**
   * Resolves with `settled` once the broker has confirmed the replacement: a crash in between makes a duplicate, never
   * a loss. While the broker does not confirm, the original stays unacknowledged and the replacement is tried again:
   * requeueing it instead would spin, and use up its delivery limit. `requeue` only when the process is stopping, or the
   * broker has redelivered the message meanwhile.
   */
  async settle(verdict: Verdict): Promise<'settled' | 'requeue'> {
    const replacement = this.replacementOf(verdict);
    for (;;) {
      // Whoever has the message now settles it; a replacement of ours would be one too many.
      if (!this.consumption.isHeld(verdict.message)) return 'requeue';
      try {
        await this.publisher.publish(replacement);
        this.count(verdict);
        return 'settled';
      } catch (error) {
        if (this.consumption.state.kind === 'stopped') return 'requeue';
        this.logger.warn(
          { err: error, fate: verdict.fate.kind },
          'The replacement of a message is not confirmed yet; trying again',
        );
        await sleep(RETRY_MS);
      }
    }
  }

  private count({ queue, fate }: Verdict): void {
    this.metrics.settled(queue.name, fate);
    const delivery = currentDelivery();
    if (delivery) delivery.outcome = OUTCOMES[fate.kind];
  }

  private replacementOf({ message, queue, fate }: Verdict): OutgoingMessage {
    const base = { content: message.content, exchange: '' };
    switch (fate.kind) {
      case 'park':
        return {
          ...base,
          routingKey: retryQueue(queue, delayAtLeast(fate.delayMs, this.delaysMs)),
          properties: keptProperties(message, {
            [HEADERS.attempts]: fate.attempts,
            [HEADERS.waitingSince]: (delayedSince(message, queue) ?? new Date()).toISOString(),
          }),
        };
      case 'dead-letter':
        return {
          ...base,
          routingKey: DEAD_LETTER,
          properties: keptProperties(message, {
            [HEADERS.deadLetterReason]: fate.reason,
            [HEADERS.deadLetterDetail]: oneLine(fate.detail),
            [HEADERS.deadLetteredAt]: new Date().toISOString(),
            [HEADERS.originalRoutingKey]: queue.routingKey,
            [HEADERS.attempts]: fate.attempts,
          }),
        };
      default:
        return fate satisfies never;
    }
  }
}

/** The properties and headers of a message as its sender set them, with ours added. */
export function keptProperties(message: ConsumeMessage, added: Record<string, unknown>): Options.Publish {
  const properties: Options.Publish = message.properties;
  // Neither `expiration`, by which a dead letter would vanish, nor `userId`, which only its own user may send.
  return {
    contentType: shortText(properties.contentType),
    contentEncoding: shortText(properties.contentEncoding),
    correlationId: shortText(properties.correlationId),
    messageId: shortText(properties.messageId),
    timestamp: properties.timestamp,
    type: shortText(properties.type),
    appId: shortText(properties.appId),
    headers: { ...encodableHeaders(senderHeaders(properties.headers)), ...added },
  };
}

export function senderHeaders(headers: unknown): Record<string, unknown> {
  if (typeof headers !== 'object' || headers === null) return {};
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !DROPPED_HEADERS.test(name)));
}

const LONGEST_DETAIL = 300;

/** Fit for a header that people and tools read: one line, bounded, and without anything that looks like a card number. */
function oneLine(detail: string): string {
  return detail
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .replace(/\d(?:[ -]?\d){11,}/g, '[number]')
    .slice(0, LONGEST_DETAIL);
}

const errorLogger = new Logger('RabbitMQ');

/**
 * Error handler of every subscriber. Expected outcomes never get here; what does is a fault of ours, or an
 * acknowledgement on a channel that closed meanwhile, where the broker redelivers by itself. Never throws: an error
 * from here would end the process.
 */
export function requeueUnsettled(channel: Channel, message: ConsumeMessage, error: unknown): void {
  try {
    channel.nack(message, false, true);
  } catch {
    errorLogger.warn(`A message could not be given back, the broker redelivers it: ${String(error)}`);
  }
}
