import { randomUUID } from 'node:crypto';
import { Nack } from '@golevelup/nestjs-rabbitmq';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { RmqContext } from '@nestjs/microservices';
import type { ConsumeMessage } from 'amqplib';
import { finalize, from, mergeMap, of, type Observable } from 'rxjs';
import { AmqpSession } from '../../../../../test/support/amqp-session';
import { eventually } from '../../../../../test/support/eventually';
import { given, onVhost, vhostName } from '../../../../../test/support/isolation';
import { Management } from '../../../../../test/support/management';
import type { Sent } from '../driver';
import { Orders, type Order } from '../orders';

/** Replies and dead letters. */
const MAILBOX = 'mailbox';

/** How many messages the handler may have at a time, so that a duplicate can come while the first one is running. */
export const PREFETCH = 2;

export const QUEUE_ARGUMENTS = { deadLetterExchange: '', deadLetterRoutingKey: MAILBOX } as const;

/** What a message without a key has in place of its order's id; see {@link Mailbox.send}. */
const MARKER = 'marker';

/** Outside of `@Idempotent()`: sees each delivery before it does. */
@Injectable()
export class Deliveries implements NestInterceptor {
  private readonly redelivered = new Set<string>();
  private readonly ended = new Set<string>();
  /** Lets the marker go that waits for its companion. */
  private waiting: (() => void) | undefined;

  constructor(private readonly orders: Orders) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { fields, properties } = messageIn(execution);
    const messageId = String(properties.messageId);
    const { id } = execution.getArgByIndex<Order>(0);
    if (fields.redelivered) {
      this.redelivered.add(messageId);
      // Not once more: NestJS acknowledges it, @golevelup rejects it.
      return of(execution.getType<string>() === 'rpc' ? undefined : new Nack(false));
    }
    if (id === MARKER) return from(this.companion()).pipe(mergeMap(() => next.handle()));
    this.orders.arrive(id);
    return next.handle().pipe(finalize(() => this.ended.add(messageId)));
  }

  wasRedelivered(messageId: string): boolean {
    return this.redelivered.has(messageId);
  }

  hasEnded(messageId: string): boolean {
    return this.ended.has(messageId);
  }

  private async companion(): Promise<void> {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting) waiting();
    else await new Promise<void>((resolve) => (this.waiting = resolve));
  }
}

function messageIn(execution: ExecutionContext): ConsumeMessage {
  return execution.getType<string>() === 'rpc'
    ? (execution.switchToRpc().getContext<RmqContext>().getMessage() as ConsumeMessage)
    : execution.getArgByIndex<ConsumeMessage>(1);
}

/** A virtual host of the broker with a queue that a decorated handler consumes, and whoever sends to it. */
export class Mailbox {
  private readonly replies: ConsumeMessage[] = [];
  private readonly letters: ConsumeMessage[] = [];

  private constructor(
    readonly url: string,
    private readonly broker: AmqpSession,
    private readonly deleteVhost: () => Promise<void>,
  ) {}

  static async open(): Promise<Mailbox> {
    const vhost = vhostName();
    const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
    await management.createVhost(vhost);
    const url = onVhost(given('RABBITMQ_URL'), vhost);
    const mailbox = new Mailbox(url, new AmqpSession(url), () => management.deleteVhost(vhost));
    await mailbox.receive();
    return mailbox;
  }

  /**
   * Publishes the order, and resolves when it is settled. That is certain when two other messages were delivered together
   * after it: the handler may have no more than two at a time. They have no key, so they become dead letters, after the
   * order if it is one, too.
   */
  async send(
    deliveries: Deliveries,
    {
      queue,
      key,
      order,
      contentOf,
      isRequest,
    }: {
      readonly queue: string;
      readonly key: string | undefined;
      readonly order: Order;
      readonly contentOf: (order: Order, isRequest: boolean) => object;
      readonly isRequest: boolean;
    },
  ): Promise<Sent & { readonly reply: unknown }> {
    const messageId = randomUUID();
    await this.publish(queue, contentOf(order, isRequest), { messageId, key, isRequest });
    await eventually(() => deliveries.hasEnded(messageId), { everyMs: 2 });
    const markers = [randomUUID(), randomUUID()];
    const content = contentOf({ id: MARKER, quantity: 1 }, false);
    for (const marker of markers)
      await this.publish(queue, content, { messageId: marker, key: undefined, isRequest: false });
    await eventually(() => markers.every((marker) => this.hasLetter(marker)), { everyMs: 2 });
    const reply = this.replies.find(({ properties }) => properties.correlationId === messageId);
    return {
      caller: [],
      message: deliveries.wasRedelivered(messageId)
        ? 'requeued'
        : this.hasLetter(messageId)
          ? 'rejected'
          : 'acknowledged',
      reply: reply && (JSON.parse(reply.content.toString()) as unknown),
    };
  }

  async close(): Promise<void> {
    await this.broker.close();
    await this.deleteVhost();
  }

  private hasLetter(messageId: string): boolean {
    return this.letters.some(({ properties }) => properties.messageId === messageId);
  }

  private async receive(): Promise<void> {
    const channel = await this.broker.newChannel();
    await channel.assertQueue(MAILBOX);
    await channel.consume(
      MAILBOX,
      (message) => {
        if (message) (message.properties.headers?.['x-death'] ? this.letters : this.replies).push(message);
      },
      { noAck: true },
    );
  }

  private async publish(
    queue: string,
    content: object,
    {
      messageId,
      key,
      isRequest,
    }: { readonly messageId: string; readonly key: string | undefined; readonly isRequest: boolean },
  ): Promise<void> {
    const channel = await this.broker.publishing();
    channel.sendToQueue(queue, Buffer.from(JSON.stringify(content)), {
      messageId,
      headers: key === undefined ? {} : { 'idempotency-key': key },
      ...(isRequest && { replyTo: MAILBOX, correlationId: messageId }),
    });
    await channel.waitForConfirms();
  }
}
