import { Nack } from '@golevelup/nestjs-rabbitmq';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { SpanKind } from '@opentelemetry/api';
import { IdempotencyEvents, isKey, type IdempotencyEvent } from '../idempotency';
import { inSpan, linkTo, traceIn } from '../tracing/spans';
import { currentDelivery, during, type Delivery, type DeliveryFacts } from './delivery';
import { historyOf } from './message-history';
import { MessageMetrics } from './message.metrics';
import { PublisherClocks } from './publisher-clocks';
import { HEADERS } from './topology';

/** A message as the subscriber gets it. */
export interface Received {
  readonly queue: string;
  readonly message: ConsumeMessage;
  /** The parsed body, or an error where it could not be read. */
  readonly body: unknown;
}

/** Knows of each message in flight what it is about and how its processing ended, for logs and metrics. */
@Injectable()
export class Deliveries implements OnModuleInit {
  constructor(
    private readonly events: IdempotencyEvents,
    private readonly metrics: MessageMetrics,
    private readonly clocks: PublisherClocks,
  ) {}

  onModuleInit(): void {
    this.events.on((event) => {
      const delivery = currentDelivery();
      if (delivery) note(delivery, event);
    });
  }

  /** Processes a message: `work` resolves with what the broker is told, a {@link Nack} or nothing. */
  process(received: Received, work: () => Promise<unknown>): Promise<unknown> {
    const { queue, message } = received;
    this.clocks.watch(message);
    const delivery: Delivery = { facts: factsOf(message, received.body) };
    const options = {
      kind: SpanKind.CONSUMER,
      attributes: spanAttributes(queue, message, delivery),
      parent: traceIn(message.properties.headers),
    };
    return inSpan(`process ${queue}`, options, async (span) => {
      try {
        return await this.measure(queue, delivery, work);
      } finally {
        span.setAttribute('payment.attempt', delivery.facts.attempt);
        span.setAttribute('payment.outcome', delivery.outcome ?? 'requeued');
      }
    });
  }

  private async measure(queue: string, delivery: Delivery, work: () => Promise<unknown>): Promise<unknown> {
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
      if (event.origin !== undefined) linkTo(event.origin);
      delivery.outcome = 'duplicate';
      return;
    case 'completion-refused':
      // A refused result is the record of somebody else; where there is none, the message's disposition is decided later.
      delivery.outcome = 'duplicate';
      return;
    default:
      return;
  }
}

function spanAttributes(queue: string, { fields }: ConsumeMessage, { facts }: Delivery) {
  const { paymentId, idempotencyKey } = facts;
  return {
    'messaging.system': 'rabbitmq',
    'messaging.operation.type': 'process',
    'messaging.destination.name': queue,
    'messaging.rabbitmq.redelivered': fields.redelivered,
    ...(idempotencyKey !== undefined && { 'idempotency.key': idempotencyKey }),
    // What is no payment id could be anything, a card number among it.
    ...(paymentId !== undefined && /^[\w-]{1,64}$/.test(paymentId) && { 'payment.id': paymentId }),
  };
}

/** Longer ones are not valid; a log line must not grow with what anybody sends. */
const LONGEST_NAME = 255;

function factsOf(message: ConsumeMessage, body: unknown): DeliveryFacts {
  const paymentId = textIn(body, 'paymentId');
  const idempotencyKey =
    textIn(message.properties.headers, HEADERS.idempotencyKey) ?? textIn(body, 'idempotencyKey');
  return {
    ...(paymentId !== undefined && { paymentId }),
    // One that cannot be used may be anything, from a forged log line to a card's verification number.
    ...(isKey(idempotencyKey) && { idempotencyKey }),
    attempt: historyOf(message).attempts,
  };
}

function textIn(container: unknown, name: string): string | undefined {
  if (typeof container !== 'object' || container === null) return undefined;
  const value: unknown = Reflect.get(container, name);
  return typeof value === 'string' ? value.slice(0, LONGEST_NAME) : undefined;
}
