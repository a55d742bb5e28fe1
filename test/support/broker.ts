import { randomUUID } from 'node:crypto';
import type { GetMessage, Options } from 'amqplib';
import { AmqpSession, ownConnectionName } from './amqp-session';
import { toDeadLetter } from './dead-letter';
import type { DeadLetter } from './dead-letter';
import { DeliveryTrace } from './delivery-trace';
import { eventually } from './eventually';
import type { JsonObject } from './json';
import type { Management } from './management';
import type { Payment } from './payments';
import { publishRaw } from './raw-amqp';
import type { RawEntries } from './raw-amqp';
import {
  deadLetterQueue,
  exchange,
  keyHeader,
  retryQueuePrefix,
  routingKey as requested,
  workQueue,
} from './topology';

export interface PublishOptions {
  /** `payments` by default. */
  exchange?: string;
  /** `payment.requested` by default. */
  routingKey?: string;
  headers?: JsonObject;
  properties?: Options.Publish;
}

export interface PublishPaymentOptions extends PublishOptions {
  /** The value of the key header; the payment's own key by default, `null` for no header. */
  key?: unknown;
  copies?: number;
}

const requestBinding = { queue: workQueue, exchange, key: requested };

/** The test's own view of the broker: publishes with confirms, looks without taking. */
export class Broker {
  readonly url: string;
  private readonly vhost: string;
  private readonly management: Management;
  private readonly session: AmqpSession;

  constructor({ url, vhost, management }: { url: string; vhost: string; management: Management }) {
    this.url = url;
    this.vhost = vhost;
    this.management = management;
    this.session = new AmqpSession(url);
  }

  async publishPayment(payment: Payment, options: PublishPaymentOptions = {}): Promise<void> {
    const { key = payment.idempotencyKey, headers = {}, copies = 1, properties } = options;
    const withKey = key === null ? headers : { [keyHeader]: key, ...headers };
    for (let copy = 0; copy < copies; copy++) {
      await this.publish(JSON.stringify(payment), { headers: withKey, ...(properties && { properties }) });
    }
  }

  /** As the service itself delays a payment: it comes to the work queue from a retry queue. */
  async publishDelayed(payment: Payment): Promise<void> {
    await this.publish(JSON.stringify(payment), {
      exchange: '',
      routingKey: `${retryQueuePrefix}250`,
      headers: { [keyHeader]: payment.idempotencyKey },
    });
  }

  /** Resolves when the broker has confirmed and routed the message; anything else is an error of the test. */
  async publish(
    body: string | Buffer,
    { exchange: to = exchange, routingKey = requested, headers = {}, properties = {} }: PublishOptions = {},
  ): Promise<void> {
    const publishing = await this.session.publishing();
    const own = { messageId: randomUUID(), timestamp: Math.floor(Date.now() / 1000), ...properties };
    const options = { persistent: true, mandatory: true, contentType: 'application/json', headers, ...own };
    let returned = false;
    const onReturn = (message: GetMessage): void => {
      returned ||= message.properties.messageId === own.messageId;
    };
    publishing.on('return', onReturn);
    try {
      await new Promise<void>((resolve, reject) => {
        publishing.publish(to, routingKey, Buffer.from(body), options, (refused: unknown) =>
          refused ? reject(new Error('the broker refused the message', { cause: refused })) : resolve(),
        );
      });
    } finally {
      publishing.off('return', onReturn);
    }
    if (returned) throw new Error(`${to} has no queue for ${routingKey}: has no service declared it yet?`);
  }

  /** Publishes a request whose headers are given as bytes, for what this language's client would not write. */
  async publishRaw(body: string, headers: RawEntries, to: string = exchange): Promise<void> {
    await publishRaw(await this.session.publishing(), {
      ...{ exchange: to, routingKey: requested, headers },
      body: Buffer.from(body),
      messageId: randomUUID(),
      timestamp: Math.floor(Date.now() / 1000),
    });
  }

  /** All dead letters, oldest first. They stay in their queue. */
  async deadLetters(): Promise<DeadLetter[]> {
    return this.session.withChannel(async (channel) => {
      const messages: GetMessage[] = [];
      for (
        let message = await channel.get(deadLetterQueue);
        message;
        message = await channel.get(deadLetterQueue)
      ) {
        messages.push(message);
      }
      if (messages.length > 0) channel.nackAll(true);
      return messages.map(toDeadLetter);
    });
  }

  /** Takes the dead letters out of their queue; each is handed over before it is gone. */
  async takeDeadLetters(keep: (letter: DeadLetter) => void): Promise<void> {
    await this.session.withChannel(async (channel) => {
      for (
        let message = await channel.get(deadLetterQueue);
        message;
        message = await channel.get(deadLetterQueue)
      ) {
        keep(toDeadLetter(message));
        channel.ack(message);
      }
    });
  }

  /** Waits for that many dead letters by the queue's length, so that each look costs no delivery. */
  async waitForDeadLetters(count: number): Promise<DeadLetter[]> {
    await eventually(async () => {
      expect(await this.depth(deadLetterQueue)).toBeGreaterThanOrEqual(count);
    });
    return this.deadLetters();
  }

  /** Messages ready in a queue: those a consumer holds unacknowledged are not among them. */
  async depth(queue: string): Promise<number> {
    return this.session.withChannel(async (channel) => (await channel.checkQueue(queue)).messageCount);
  }

  async consumerCount(queue: string = workQueue): Promise<number> {
    return this.session.withChannel(async (channel) => (await channel.checkQueue(queue)).consumerCount);
  }

  /** Every queue of the service with the messages ready in it. */
  async queueDepths(): Promise<Record<string, number>> {
    const names = await this.queueNames();
    const depths = await Promise.all(names.map(async (name) => [name, await this.depth(name)] as const));
    return Object.fromEntries(depths);
  }

  /**
   * What nobody has acknowledged: work and waiting retries. Exact only when no consumer is connected, for then all it
   * held is back in its queue.
   */
  async unfinished(): Promise<Record<string, number>> {
    if (!(await this.queueNames()).includes(workQueue)) return {};
    await eventually(async () => (await this.consumerCount()) === 0);
    return this.waitingWork();
  }

  private async waitingWork(): Promise<Record<string, number>> {
    const depths = Object.entries(await this.queueDepths());
    const isWork = (name: string): boolean => name === workQueue || name.startsWith(retryQueuePrefix);
    return Object.fromEntries(depths.filter(([name, ready]) => isWork(name) && ready > 0));
  }

  /** Whether nothing waits to be delivered: what consumers hold is theirs to finish. */
  async isDrained(): Promise<boolean> {
    return Object.keys(await this.waitingWork()).length === 0;
  }

  /** From now on each delivery of the queue is on record. */
  async traceDeliveries(queue: string = workQueue): Promise<DeliveryTrace> {
    return DeliveryTrace.start(await this.session.newChannel(), queue);
  }

  /** Takes the next message and dies with it in flight, as a consumer does whose process the message kills. */
  async dieHoldingAMessage(): Promise<void> {
    await this.session.withChannel(async (channel) => {
      expect(await channel.get(workQueue)).toBeTruthy();
    });
  }

  /**
   * Every connection of the virtual host but the test's own. Ask before the moment that matters: management learns of a
   * new connection seconds later.
   */
  async otherConnections(): Promise<string[]> {
    return eventually(async () => {
      const connections = await this.management.connections(this.vhost);
      const others = connections.filter(({ user_provided_name: name }) => name !== ownConnectionName);
      expect(others).not.toHaveLength(0);
      return others.map(({ name }) => String(name));
    });
  }

  /** Cuts connections from the broker's side. */
  async forceClose(connections: string[]): Promise<void> {
    await Promise.all(connections.map((name) => this.management.closeConnection(name)));
  }

  async unbindWorkQueue(binding = requestBinding): Promise<void> {
    const { queue, exchange: from, key } = binding;
    await this.session.withChannel((channel) => channel.unbindQueue(queue, from, key));
  }

  async bindWorkQueue(binding = requestBinding): Promise<void> {
    const { queue, exchange: from, key } = binding;
    await this.session.withChannel((channel) => channel.bindQueue(queue, from, key));
  }

  async close(): Promise<void> {
    await this.session.close();
  }

  private async queueNames(): Promise<string[]> {
    const names = await this.management.queueNames(this.vhost);
    return names.filter((name) => name.startsWith(exchange));
  }
}
