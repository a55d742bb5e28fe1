import type { Channel, ConsumeMessage } from 'amqplib';
import { isJsonObject } from './json';
import type { JsonObject } from './json';
import { keyHeader, workQueue } from './topology';

const firehose = 'amq.rabbitmq.trace';

export interface Traced {
  key: unknown;
  messageId: unknown;
  /** The publisher's timestamp, in seconds since 1970. */
  timestamp: unknown;
  headers: JsonObject;
  redelivered: boolean;
  /** The queues a publish was routed to. */
  queues: string[];
}

/**
 * Deliveries of the work queue and delayed copies, recorded by the broker's firehose tracer. Management's counters lag by
 * seconds and do not tell keys apart.
 */
export class DeliveryTrace {
  private readonly delivered: Traced[] = [];
  private readonly published: Traced[] = [];

  private constructor(private readonly queue: string) {}

  static async start(channel: Channel, queue = workQueue): Promise<DeliveryTrace> {
    const trace = new DeliveryTrace(queue);
    const { queue: own } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(own, firehose, `deliver.${queue}`);
    await channel.bindQueue(own, firehose, 'publish.#');
    await channel.consume(own, (message) => message && trace.keep(message), { noAck: true });
    return trace;
  }

  /** Deliveries from the work queue, in order. */
  deliveries(key?: string): Traced[] {
    return of(key, this.delivered);
  }

  /** Copies that were published to a retry queue. */
  delayed(key?: string): Traced[] {
    return of(key, this.published).filter(({ queues }) =>
      queues.some((queue) => queue.startsWith(`${this.queue}.retry.`)),
    );
  }

  /** The number of deliveries that were not delayed: settled otherwise, or still in flight. */
  final(key?: string): number {
    return this.deliveries(key).length - this.delayed(key).length;
  }

  private keep(message: ConsumeMessage): void {
    const list = message.fields.routingKey.startsWith('deliver.') ? this.delivered : this.published;
    list.push(toTraced(message));
  }
}

function of(key: string | undefined, messages: Traced[]): Traced[] {
  return key === undefined ? [...messages] : messages.filter((message) => message.key === key);
}

function toTraced({ properties }: ConsumeMessage): Traced {
  const traced: JsonObject = properties.headers ?? {};
  const original = isJsonObject(traced.properties) ? traced.properties : {};
  const headers = isJsonObject(original.headers) ? original.headers : {};
  return {
    key: headers[keyHeader],
    messageId: original.message_id,
    timestamp: isJsonObject(original.timestamp) ? original.timestamp.value : original.timestamp,
    headers,
    redelivered: traced.redelivered === 1,
    queues: Array.isArray(traced.routed_queues) ? traced.routed_queues.map(String) : [],
  };
}
