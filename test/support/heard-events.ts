import type { ConsumeMessage } from 'amqplib';
import { AmqpSession } from './amqp-session';
import { parseJsonObject, type JsonObject } from './json';
import { eventsExchange, keyHeader } from './topology';

/** An event as a subscriber outside of the service gets it. */
export interface HeardEvent {
  readonly routingKey: string;
  readonly key: unknown;
  readonly body: JsonObject;
  readonly properties: ConsumeMessage['properties'];
}

/** Hears all events of payments through a queue of its own. */
export class HeardEvents {
  private readonly events: HeardEvent[] = [];

  private constructor(private readonly session: AmqpSession) {}

  /** The exchange must exist, so a service must have started. */
  static async on(brokerUrl: string): Promise<HeardEvents> {
    const session = new AmqpSession(brokerUrl);
    const heard = new HeardEvents(session);
    const channel = await session.newChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, eventsExchange, '#');
    await channel.consume(queue, (message) => message && heard.hear(message), { noAck: true });
    return heard;
  }

  /** Those of one payment, in the order in which they came. */
  of({ idempotencyKey }: { readonly idempotencyKey: string }): HeardEvent[] {
    return this.events.filter(({ key }) => key === idempotencyKey);
  }

  close(): Promise<void> {
    return this.session.close();
  }

  private hear({ fields, properties, content }: ConsumeMessage): void {
    const key: unknown = properties.headers?.[keyHeader];
    const body = parseJsonObject(content.toString()) ?? {};
    this.events.push({ routingKey: fields.routingKey, key, body, properties });
  }
}
