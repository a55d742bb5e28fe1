import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Channel, ConsumeMessage } from 'amqplib';
import { messageOf } from '../../engine/failure';
import type { CallEnd, Disposition } from './rpc-call';

/** Wait before a message is requeued; without it, a message whose key is in progress would come back in a hot loop. */
const REQUEUE_DELAY_MS = 1_000;

/**
 * If handlers disagree, the last of these counts. A message is rejected only if no handler wants it again: whoever wants a
 * dead letter says so again at the redelivery.
 */
const ORDER: readonly Disposition[] = ['ack', 'reject', 'requeue'];

/** What NestJS answers for a guard that returned false. */
const FORBIDDEN = 'Forbidden resource';

/** A message of RabbitMQ for one or more handlers: settled once, when all of them are through. */
export class RabbitmqDelivery {
  private readonly logger = new Logger('Idempotent');
  private disposition: Disposition = 'ack';

  constructor(
    private readonly channel: Channel,
    private readonly message: ConsumeMessage,
    /** How many handlers are not through. */
    private open: number,
  ) {}

  handlerThrough(wanted: Disposition | undefined, end: CallEnd): void {
    const disposition = wanted ?? this.dispositionOf(end);
    if (ORDER.indexOf(disposition) > ORDER.indexOf(this.disposition)) this.disposition = disposition;
    if (--this.open === 0) void this.settle();
  }

  /** For a handler whose interceptor did not get the message: something around it answered or threw. */
  private dispositionOf(end: CallEnd): Disposition {
    if (end.kind === 'value' || isRequest(this.message)) return 'ack';
    return isForbidden(end.error) ? 'reject' : 'requeue';
  }

  private async settle(): Promise<void> {
    // The wait must not keep a process alive that has closed its connection.
    if (this.disposition === 'requeue') await sleep(REQUEUE_DELAY_MS, undefined, { ref: false });
    try {
      this.carryOut();
    } catch (error) {
      // The channel of the delivery is closed, so RabbitMQ delivers it again; done handlers replay from their records.
      this.logger.warn(`A message could not be settled and will be redelivered: ${messageOf(error)}`);
    }
  }

  private carryOut(): void {
    switch (this.disposition) {
      case 'ack':
        return this.channel.ack(this.message);
      case 'reject':
        return this.channel.nack(this.message, false, false);
      case 'requeue':
        return this.channel.nack(this.message, false, true);
      default:
        return this.disposition satisfies never;
    }
  }
}

/** Whether a client waits for an answer. An error is the answer then, and the caller decides what to do. */
export function isRequest({ properties }: ConsumeMessage): boolean {
  return properties.replyTo !== undefined;
}

function isForbidden(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'message' in error && error.message === FORBIDDEN;
}
