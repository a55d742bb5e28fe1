import { setTimeout as sleep } from 'node:timers/promises';
import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { SpanKind } from '@opentelemetry/api';
import { inSpan, withTrace } from '../observability/tracing/spans';
import { messageOf } from '../text/message-of';
import { UnencodableMessageError } from './encodable';
import { PublishingChannel, type OutgoingMessage, type Receipt } from './publishing-channel';

/** The broker did not confirm a message in time. It may be there or not: repeat it with the same idempotency key. */
export class PublishUnconfirmedError extends Error {
  override readonly name = 'PublishUnconfirmedError';
}

/** The broker sent a message back: no queue is bound where it was published to. */
export class PublishReturnedError extends Error {
  override readonly name = 'PublishReturnedError';
}

/** A broker that blocks for a memory or disk alarm neither confirms nor refuses; after this long we call it unknown. */
const CONFIRM_TIMEOUT_MS = 5_000;
/** What is not confirmed stays in memory until it is: no more than this is added to it. */
const MOST_LATE = 1_000;

/** Opening a channel and declaring everything takes a fraction of this. */
const OPENING_MS = 1_000;

/** Between two looks whether the broker confirms again. */
const PROBE_INTERVAL_MS = 1_000;
/** To the default exchange and a queue that never exists: the broker confirms it, and nothing is kept. */
const PROBE = {
  exchange: '',
  routingKey: 'payments.publish-probe',
  content: Buffer.alloc(0),
  properties: {},
};

/** Publishes persistent messages and resolves only when the broker has taken responsibility for them. */
@Injectable()
export class Publisher implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(Publisher.name);
  private isBlocked = false;
  private isProbing = false;
  private isStopping = false;
  /** Published, not confirmed in time, and still under way. */
  private lateCount = 0;

  constructor(
    private readonly connection: AmqpConnection,
    private readonly channel: PublishingChannel,
  ) {}

  get isOpen(): boolean {
    return this.channel.isOpen;
  }

  /**
   * False while an alarm blocks publishers, and from the first publish without an answer in time until each such one is
   * answered and a probe is confirmed.
   */
  get isConfirmed(): boolean {
    return !this.isBlocked && !this.isProbing;
  }

  onModuleInit(): void {
    const { managedConnection } = this.connection;
    managedConnection.on('blocked', ({ reason }) => {
      this.isBlocked = true;
      this.logger.warn(`RabbitMQ takes no messages for now: ${reason}`);
    });
    const unblocked = () => (this.isBlocked = false);
    managedConnection.on('unblocked', unblocked).on('disconnect', unblocked);
  }

  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }

  /**
   * Waits as long as a caller of HTTP would.
   *
   * @throws PublishUnconfirmedError when there is no connection, no confirm came in time or the channel closed first:
   * the outcome is unknown
   * @throws PublishReturnedError when no queue took the message
   * @throws UnencodableMessageError when it cannot be written; nothing was sent
   */
  async publish(message: OutgoingMessage): Promise<void> {
    if (this.isBlocked) throw new PublishUnconfirmedError('RabbitMQ takes no messages for now');
    if (this.lateCount >= MOST_LATE) {
      throw new PublishUnconfirmedError(`RabbitMQ has not confirmed ${this.lateCount} earlier messages`);
    }
    if ((await withinTime(this.send(message))) === 'late') {
      throw new PublishUnconfirmedError(
        `RabbitMQ did not confirm ${nameOf(message)}: no answer within ${CONFIRM_TIMEOUT_MS} ms`,
      );
    }
  }

  /**
   * The same, but waits for the confirm however long it takes: publishing again what is under way would only add copies.
   *
   * @throws PublishUnconfirmedError when there is no connection or the channel closed first: the outcome is unknown
   * @throws PublishReturnedError when no queue took the message
   * @throws UnencodableMessageError when it cannot be written; nothing was sent
   */
  send(message: OutgoingMessage): Promise<void> {
    const { exchange, routingKey, properties } = message;
    const attributes = {
      'messaging.system': 'rabbitmq',
      'messaging.operation.type': 'send',
      'messaging.destination.name': exchange,
      'messaging.rabbitmq.destination.routing_key': routingKey,
    };
    return inSpan(`publish ${routingKey}`, { kind: SpanKind.PRODUCER, attributes }, () =>
      this.confirmed({
        ...message,
        properties: {
          mandatory: true,
          ...properties,
          persistent: true,
          headers: withTrace(properties.headers),
        },
      }),
    );
  }

  private async confirmed(message: OutgoingMessage): Promise<void> {
    // A message that waits here for a connection would be sent long after its publisher gave up.
    if (!(await this.channel.untilOpen(OPENING_MS))) {
      throw new PublishUnconfirmedError('RabbitMQ is not connected');
    }
    const receipt = await this.receiptOf(message).catch((cause: unknown) => {
      if (cause instanceof UnencodableMessageError) throw cause;
      throw new PublishUnconfirmedError(`RabbitMQ did not confirm ${nameOf(message)}: ${messageOf(cause)}`, {
        cause,
      });
    });
    if (receipt === 'returned') {
      throw new PublishReturnedError(`RabbitMQ has no queue for ${nameOf(message)}`);
    }
  }

  private async receiptOf(message: OutgoingMessage): Promise<Receipt> {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.lateCount += 1;
      void this.probe();
    }, CONFIRM_TIMEOUT_MS);
    try {
      return await this.channel.send(message);
    } finally {
      clearTimeout(timer);
      if (isLate) this.lateCount -= 1;
    }
  }

  /** Asks until the broker confirms again. Nothing may come to be published meanwhile, so this must find out by itself. */
  private async probe(): Promise<void> {
    if (this.isProbing) return;
    this.isProbing = true;
    this.logger.warn('RabbitMQ does not confirm what is published');
    while (!this.isStopping && !(await this.confirmsAgain())) {
      await sleep(PROBE_INTERVAL_MS, undefined, { ref: false });
    }
    this.isProbing = false;
    if (!this.isStopping) this.logger.log('RabbitMQ confirms again');
  }

  /** A queue may confirm nothing while the broker confirms a probe, which no queue takes. */
  private async confirmsAgain(): Promise<boolean> {
    return (await this.confirmsProbe()) && this.lateCount === 0;
  }

  private async confirmsProbe(): Promise<boolean> {
    if (this.isBlocked || !this.channel.isOpen) return false;
    const receipt = await withinTime(this.channel.send(PROBE)).catch(() => undefined);
    // The broker is there and takes messages, and this channel hears nothing of it.
    if (receipt === 'late' && !this.isBlocked) this.channel.renew('nothing on it is confirmed');
    return receipt === 'confirmed';
  }
}

async function withinTime<T>(sent: Promise<T>): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), CONFIRM_TIMEOUT_MS);
  });
  return Promise.race([sent, late]).finally(() => clearTimeout(timer));
}

function nameOf({ exchange, routingKey }: OutgoingMessage): string {
  return `a message to '${exchange}' (${routingKey})`;
}
