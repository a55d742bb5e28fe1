import { AmqpSession } from '../support/amqp-session';
import { isJsonObject, parseJsonObject } from '../support/json';
import { eventsExchange, keyHeader } from '../support/topology';
import type { EventFact } from './history';
import { untilDone } from './until-done';

/** Its name is not one of the service's, so that no fault removes or limits it. */
export const eventsQueue = 'fault-run.events';

/** A durable queue that gets all events about payments, as that of another team. */
export class EventQueue {
  private readonly session: AmqpSession;

  constructor(url: string) {
    this.session = new AmqpSession(url);
  }

  /** The exchange is the service's: a consumer must have started. */
  async bind(): Promise<void> {
    await untilDone(() =>
      this.session.withChannel(async (channel) => {
        await channel.assertQueue(eventsQueue, { durable: true });
        await channel.bindQueue(eventsQueue, eventsExchange, '#');
      }),
    );
  }

  /** Takes all events that have come. */
  takeAll(): Promise<EventFact[]> {
    return this.session.withChannel(async (channel) => {
      const events: EventFact[] = [];
      for (;;) {
        const message = await channel.get(eventsQueue, { noAck: true });
        if (message === false) return events;
        const { fields, properties, content } = message;
        const headers: unknown = properties.headers;
        const key = isJsonObject(headers) ? headers[keyHeader] : undefined;
        events.push(eventFact(fields.routingKey, key, content));
      }
    });
  }

  close(): Promise<void> {
    return this.session.close();
  }
}

function eventFact(routingKey: string, key: unknown, content: Buffer): EventFact {
  const { chargeId, amountMinorUnits, currency } = parseJsonObject(content.toString()) ?? {};
  return {
    routingKey,
    key: typeof key === 'string' ? key : undefined,
    chargeId: typeof chargeId === 'string' ? chargeId : undefined,
    minorUnits: typeof amountMinorUnits === 'number' ? amountMinorUnits : undefined,
    currency: typeof currency === 'string' ? currency : undefined,
  };
}
