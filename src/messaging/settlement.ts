import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { ConsumeMessage, Options } from 'amqplib';
import { Environment } from '../config/environment';
import { Consumption } from './consumption';
import { deadLetterHeaders } from './dead-letter-headers';
import { Declaration } from './declaration';
import { delayAtLeast, type DeadLetter, type Delay, type Disposition } from './disposition';
import { copyOf } from './message-copy';
import { delayedSince } from './message-headers';
import type { LogFields } from './messages-in-flight';
import { PublishReturnedError, Publisher } from './publisher';
import type { OutgoingMessage } from './publishing-channel';
import { DEAD_LETTER, HEADERS, retryDelaysMs, retryQueue, type WorkQueue } from './topology';

/** Between two checks whether a message is still held while its replacement is not confirmed. */
const CHECK_MS = 1_000;

/** A message, and what is done with it. */
interface Unsettled {
  readonly message: ConsumeMessage;
  readonly queue: WorkQueue;
  readonly disposition: Delay | DeadLetter;
  readonly logFields: LogFields;
}

/** Carries a disposition out: publishes what replaces the message, before the original may be acknowledged. */
@Injectable()
export class Settlement {
  private readonly logger = new Logger(Settlement.name);
  private readonly delaysMs: readonly number[];

  constructor(
    private readonly publisher: Publisher,
    private readonly declaration: Declaration,
    private readonly consumption: Consumption,
    environment: Environment,
  ) {
    this.delaysMs = retryDelaysMs(environment.idempotencyLeaseMs);
  }

  /**
   * Resolves with the disposition once the broker has confirmed the replacement: a crash in between makes a duplicate, never
   * a loss. Until then the original stays unacknowledged, and the replacement is published again only when it was refused or
   * its channel has closed: requeueing the original instead would spin, and use up its delivery limit. `requeue` only when
   * the process is stopping, or the broker has redelivered the message meanwhile.
   */
  async settle({ message, queue, disposition, logFields }: Unsettled): Promise<Disposition> {
    const replacement = this.replacementOf(message, queue, disposition);
    let sent: Promise<void> | undefined;
    // A message that was redelivered is settled by its next consumer; our replacement would be a duplicate.
    while (this.consumption.isHeld(message)) {
      try {
        sent ??= this.publisher.send(replacement);
        if (await isDone(sent)) return disposition;
      } catch (error) {
        if (this.consumption.state.kind === 'stopped') break;
        sent = undefined;
        this.logger.warn(
          { ...logFields(), err: error, disposition: disposition.kind },
          'The replacement of a message is not confirmed yet; trying again',
        );
        if (error instanceof PublishReturnedError) await this.declaration.redeclare();
        await sleep(CHECK_MS);
      }
      if (this.consumption.state.kind === 'stopped') break;
    }
    return { kind: 'requeue' };
  }

  private replacementOf(
    message: ConsumeMessage,
    queue: WorkQueue,
    disposition: Delay | DeadLetter,
  ): OutgoingMessage {
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

/** Whether it is confirmed before the next check. */
function isDone(sent: Promise<void>): Promise<boolean> {
  return Promise.race([sent.then(() => true), sleep(CHECK_MS, false, { ref: false })]);
}

function deadLetterProperties(
  message: ConsumeMessage,
  queue: WorkQueue,
  { reason, detail, attempts }: DeadLetter,
): Options.Publish {
  const { properties, dropped } = copyOf(message);
  const { routingKey } = queue;
  const fullDetail = dropped === '' ? detail : `${detail}; not kept: ${dropped}`;
  const added = {
    ...deadLetterHeaders({ reason, detail: fullDetail, routingKey }),
    [HEADERS.attempts]: attempts,
  };
  return { ...properties, headers: { ...properties.headers, ...added } };
}
