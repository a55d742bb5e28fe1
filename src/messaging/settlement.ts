import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { Channel, ConsumeMessage, Options } from 'amqplib';
import { Environment } from '../config/environment';
import { Consumption } from './consumption';
import { deadLetterHeaders } from './dead-letter-headers';
import { Declaration } from './declaration';
import { currentDelivery, type DeliveryOutcome } from './delivery';
import { delayAtLeast, type Disposition } from './disposition';
import { copyOf } from './message-copy';
import { delayedSince } from './message-history';
import { MessageMetrics } from './message.metrics';
import { PublishReturnedError, Publisher } from './publisher';
import type { OutgoingMessage } from './publishing-channel';
import { DEAD_LETTER, HEADERS, retryDelaysMs, retryQueue, type WorkQueue } from './topology';

/** Between two looks whether a message is still ours while what replaces it is not confirmed. */
const LOOK_MS = 1_000;
const OUTCOMES = {
  delay: 'delayed',
  'dead-letter': 'dead-lettered',
} satisfies Record<Disposition['kind'], DeliveryOutcome>;

/** A message that was not processed, the work queue it came from, and what is to become of it. */
export interface Verdict {
  readonly message: ConsumeMessage;
  readonly queue: WorkQueue;
  readonly disposition: Disposition;
}

/** Carries out a message's disposition: publishes what replaces it, and says when the original may be acknowledged. */
@Injectable()
export class Settlement {
  private readonly logger = new Logger(Settlement.name);
  private readonly delaysMs: readonly number[];

  constructor(
    private readonly publisher: Publisher,
    private readonly declaration: Declaration,
    private readonly consumption: Consumption,
    private readonly metrics: MessageMetrics,
    environment: Environment,
  ) {
    this.delaysMs = retryDelaysMs(environment.idempotencyLeaseMs);
  }

  /**
   * Resolves with `settled` once the broker has confirmed the replacement: a crash in between makes a duplicate, never
   * a loss. While the broker does not confirm, the original stays unacknowledged, and the replacement is published again
   * only when the first one was refused or its channel has closed: requeueing the original instead would spin, and use up
   * its delivery limit. `requeue` only when the process is stopping, or the broker has redelivered the message meanwhile.
   */
  async settle(verdict: Verdict): Promise<'settled' | 'requeue'> {
    const replacement = this.replacementOf(verdict);
    let sent: Promise<void> | undefined;
    // Whoever has the message when it is not ours any more settles it; a replacement of ours would be one too many.
    while (this.consumption.isHeld(verdict.message)) {
      try {
        sent ??= this.publisher.send(replacement);
        if (await isDone(sent)) {
          this.count(verdict);
          return 'settled';
        }
      } catch (error) {
        if (this.consumption.state.kind === 'stopped') return 'requeue';
        sent = undefined;
        this.logger.warn(
          { err: error, disposition: verdict.disposition.kind },
          'The replacement of a message is not confirmed yet; trying again',
        );
        if (error instanceof PublishReturnedError) await this.declaration.declareAnew();
        await sleep(LOOK_MS);
      }
      if (this.consumption.state.kind === 'stopped') return 'requeue';
    }
    return 'requeue';
  }

  private count({ queue, disposition }: Verdict): void {
    this.metrics.settled(queue.name, disposition);
    const delivery = currentDelivery();
    if (delivery) delivery.outcome = OUTCOMES[disposition.kind];
  }

  private replacementOf({ message, queue, disposition }: Verdict): OutgoingMessage {
    const base = { content: message.content, exchange: '' };
    switch (disposition.kind) {
      case 'delay':
        return {
          ...base,
          routingKey: retryQueue(queue, delayAtLeast(disposition.delayMs, this.delaysMs)),
          properties: copyOf(message, {
            [HEADERS.attempts]: disposition.attempts,
            [HEADERS.waitingSince]: (delayedSince(message, queue) ?? new Date()).toISOString(),
          }).properties,
        };
      case 'dead-letter':
        return {
          ...base,
          routingKey: DEAD_LETTER,
          properties: deadLetterProperties(message, queue, disposition),
        };
      default:
        return disposition satisfies never;
    }
  }
}

/** Whether it is by the next look. */
function isDone(sent: Promise<void>): Promise<boolean> {
  return Promise.race([sent.then(() => true), sleep(LOOK_MS, false, { ref: false })]);
}

function deadLetterProperties(
  message: ConsumeMessage,
  queue: WorkQueue,
  { reason, detail, attempts }: Extract<Disposition, { kind: 'dead-letter' }>,
): Options.Publish {
  const { properties, dropped } = copyOf(message);
  const { routingKey } = queue;
  const whole = dropped === '' ? detail : `${detail}; not kept: ${dropped}`;
  const added = { ...deadLetterHeaders({ reason, detail: whole, routingKey }), [HEADERS.attempts]: attempts };
  return { ...properties, headers: { ...properties.headers, ...added } };
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
