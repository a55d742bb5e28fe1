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

/** The test's own access to the broker: publishes with confirms, and reads without removing messages. */
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

  /** Delays a payment as the service does: it reaches the work queue from a retry queue. */
  async publishDelayed(payment: Payment): Promise<void> {
    await this.publish(JSON.stringify(payment), {
      exchange: '',
      routingKey: `${retryQueuePrefix}250`,
      headers: { [keyHeader]: payment.idempotencyKey },
    });
  }

  /** Resolves when the broker has confirmed and routed the message; otherwise the test fails. */
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

  /** Publishes a request with its headers given as bytes, because the JavaScript client cannot write all of them. */
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

  /** Removes the dead letters from their queue; each is passed to `keep` before it is acknowledged. */
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

  /** Waits for so many dead letters by the queue's length, because checking the length causes no deliveries. */
  async waitForDeadLetters(count: number): Promise<DeadLetter[]> {
    await eventually(async () => {
      expect(await this.depth(deadLetterQueue)).toBeGreaterThanOrEqual(count);
    });
    return this.deadLetters();
  }

  /** Ready messages in a queue, without those that a consumer holds unacknowledged. */
  async depth(queue: string): Promise<number> {
    return this.session.withChannel(async (channel) => (await channel.checkQueue(queue)).messageCount);
  }

  async consumerCount(queue: string = workQueue): Promise<number> {
    return this.session.withChannel(async (channel) => (await channel.checkQueue(queue)).consumerCount);
  }

  /** The number of ready messages of every queue of the service. */
  async queueDepths(): Promise<Record<string, number>> {
    const names = await this.queueNames();
    const depths = await Promise.all(names.map(async (name) => [name, await this.depth(name)] as const));
    return Object.fromEntries(depths);
  }

  /**
   * Messages that are not acknowledged: work and delayed copies. Waits until no consumer is connected, because only then
   * are the messages that it held back in their queue.
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

  /** Whether no message waits for delivery; messages that consumers hold do not count. */
  async isDrained(): Promise<boolean> {
    return Object.keys(await this.waitingWork()).length === 0;
  }

  /** Records each delivery of the queue from now on. */
  async traceDeliveries(queue: string = workQueue): Promise<DeliveryTrace> {
    return DeliveryTrace.start(await this.session.newChannel(), queue);
  }

  /** Takes the next message and closes the channel with it in flight, like a consumer whose process the message kills. */
  async dieHoldingAMessage(): Promise<void> {
    await this.session.withChannel(async (channel) => {
      expect(await channel.get(workQueue)).toBeTruthy();
    });
  }

  /**
   * Every connection of the virtual host except the test's own. Call it early: management lists a new connection only
   * after some seconds.
   */
  async otherConnections(): Promise<string[]> {
    return eventually(async () => {
      const connections = await this.management.connections(this.vhost);
      const others = connections.filter(({ user_provided_name: name }) => name !== ownConnectionName);
      expect(others).not.toHaveLength(0);
      return others.map(({ name }) => String(name));
    });
  }

  /** Closes connections from the broker's side. */
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
