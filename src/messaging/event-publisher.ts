import { Injectable, Logger } from '@nestjs/common';
import { deadLetterHeaders } from './dead-letter-headers';
import { Declaration } from './declaration';
import { PublishReturnedError, Publisher } from './publisher';
import { DEAD_LETTER, EVENTS_EXCHANGE, HEADERS } from './topology';

/** An event as it is sent. */
export interface OutgoingEvent {
  readonly routingKey: string;
  /** JSON. */
  readonly content: string;
  readonly idempotencyKey: string;
  readonly at: Date;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Whether a queue of this service must take it. */
  readonly needsQueue: boolean;
}

/** Publishes events of this service. */
@Injectable()
export class EventPublisher {
  private readonly logger = new Logger(EventPublisher.name);

  constructor(
    private readonly publisher: Publisher,
    private readonly declaration: Declaration,
  ) {}

  /**
   * Resolves when the broker has taken responsibility for the event. It may be published more than once, always under the same
   * key. An event that no queue takes, even after its binding was declared again, becomes a dead letter: a missing queue must
   * not fail what has happened.
   *
   * @throws PublishUnconfirmedError
   */
  async publish(event: OutgoingEvent): Promise<void> {
    try {
      await this.send(event);
    } catch (error) {
      if (!(error instanceof PublishReturnedError)) throw error;
      await this.declaration.redeclare();
      await this.send(event).catch((secondError: unknown) => this.deadLetter(event, secondError));
    }
  }

  private send(event: OutgoingEvent): Promise<void> {
    return this.publisher.publish({
      exchange: EVENTS_EXCHANGE,
      routingKey: event.routingKey,
      content: Buffer.from(event.content),
      properties: { ...propertiesOf(event), mandatory: event.needsQueue },
    });
  }

  private async deadLetter(event: OutgoingEvent, error: unknown): Promise<void> {
    if (!(error instanceof PublishReturnedError)) throw error;
    const { idempotencyKey, routingKey } = event;
    this.logger.error({ idempotencyKey, err: error }, 'No queue takes an event; it becomes a dead letter');
    const properties = propertiesOf(event);
    await this.publisher.publish({
      exchange: '',
      routingKey: DEAD_LETTER,
      content: Buffer.from(event.content),
      properties: {
        ...properties,
        headers: {
          ...properties.headers,
          ...deadLetterHeaders({
            reason: 'event-undeliverable',
            detail: `no queue takes '${routingKey}', although its binding was declared again; replay it when one does`,
            routingKey,
          }),
        },
      },
    });
  }
}

function propertiesOf({ idempotencyKey, at, headers }: OutgoingEvent) {
  return {
    contentType: 'application/json',
    timestamp: Math.floor(at.getTime() / 1000),
    headers: { ...headers, [HEADERS.idempotencyKey]: idempotencyKey },
  };
}
