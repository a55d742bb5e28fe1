import { Nack } from '@golevelup/nestjs-rabbitmq';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { IdempotencyEvents, type IdempotencyEvent } from '../idempotency';
import { currentDelivery, during, type Delivery, type DeliveryFacts } from './delivery';
import { historyOf } from './message-history';
import { MessageMetrics } from './message.metrics';
import { HEADERS } from './topology';

/** A message as the subscriber gets it. */
export interface Received {
  readonly queue: string;
  readonly message: ConsumeMessage;
  /** The parsed body, or an error where it could not be read. */
  readonly body: unknown;
}

/** Knows of each message in hand what it is about and how its processing ended, for logs and metrics. */
@Injectable()
export class Deliveries implements OnModuleInit {
  constructor(
    private readonly events: IdempotencyEvents,
    private readonly metrics: MessageMetrics,
  ) {}

  onModuleInit(): void {
    this.events.on((event) => {
      const delivery = currentDelivery();
      if (delivery) note(delivery, event);
    });
  }

  /** Processes a message: `work` resolves with what the broker is told, a {@link Nack} or nothing. */
  async process({ queue, message, body }: Received, work: () => Promise<unknown>): Promise<unknown> {
    const delivery: Delivery = { facts: factsOf(message, body) };
    const ended = this.metrics.begun(queue);
    try {
      const answer = await during(delivery, work);
      if (answer instanceof Nack) delivery.outcome = 'requeued';
      delivery.outcome ??= 'ignored';
      return answer;
    } catch (error) {
      delivery.outcome = 'requeued';
      throw error;
    } finally {
      ended(delivery.outcome ?? 'requeued');
    }
  }
}

function note(delivery: Delivery, event: IdempotencyEvent): void {
  switch (event.kind) {
    case 'acquired':
      delivery.facts.attempt = event.attempt;
      return;
    case 'completed':
      delivery.outcome = 'processed';
      return;
    case 'replayed':
    case 'completion-refused':
      // A refused result is the record of somebody else; where there is none, the message's fate is decided later.
      delivery.outcome = 'duplicate';
      return;
    default:
      return;
  }
}

/** Longer ones are not valid; a log line must not grow with what anybody sends. */
const LONGEST_NAME = 255;

function factsOf(message: ConsumeMessage, body: unknown): DeliveryFacts {
  const paymentId = textIn(body, 'paymentId');
  const idempotencyKey =
    textIn(message.properties.headers, HEADERS.idempotencyKey) ?? textIn(body, 'idempotencyKey');
  return {
    ...(paymentId !== undefined && { paymentId }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    attempt: historyOf(message).attempts,
  };
}

function textIn(container: unknown, name: string): string | undefined {
  if (typeof container !== 'object' || container === null) return undefined;
  const value: unknown = Reflect.get(container, name);
  return typeof value === 'string' ? value.slice(0, LONGEST_NAME) : undefined;
}
