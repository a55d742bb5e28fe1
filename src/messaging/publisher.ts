import { setTimeout as sleep } from 'node:timers/promises';
import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { SpanKind } from '@opentelemetry/api';
import { inSpan, withTrace } from '../observability/tracing/spans';
import { messageOf } from '../text/message-of';
import { Deadlines } from './deadlines';
import { UnencodableMessageError } from './encodable';
import { PublishingChannel, type OutgoingMessage } from './publishing-channel';

/** The broker did not confirm a message in time. The outcome is unknown: publish it again with the same idempotency key. */
export class PublishUnconfirmedError extends Error {
  override readonly name: string = 'PublishUnconfirmedError';
}

/**
 * There was no connection, or it ended, or the broker refused the message: unlike one that waits for its confirm, the message
 * will not be confirmed any more, and another publish of it may be.
 */
export class PublishInterruptedError extends PublishUnconfirmedError {
  override readonly name = 'PublishInterruptedError';
}

/** The broker returned a message: no queue is bound for its routing key. */
export class PublishReturnedError extends Error {
  override readonly name = 'PublishReturnedError';
}

/** A broker with a memory or disk alarm neither confirms nor refuses; after this time the outcome is unknown. */
const CONFIRM_TIMEOUT_MS = 5_000;
/** Unconfirmed messages stay in memory: with so many that are late, no more are published. */
const MOST_LATE = 1_000;

/** Opening a channel and declaring everything takes a fraction of this. */
const OPENING_MS = 1_000;

/** Between two checks whether the broker confirms again. */
const PROBE_INTERVAL_MS = 1_000;
/** To the default exchange and a queue that never exists: the broker confirms it and stores nothing. */
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
  private readonly deadlines = new Deadlines(CONFIRM_TIMEOUT_MS);
  /** Published, not confirmed in time, and not answered yet. */
  private lateCount = 0;

  constructor(
    private readonly connection: AmqpConnection,
    private readonly channel: PublishingChannel,
  ) {}

  get isOpen(): boolean {
    return this.channel.isOpen;
  }

  /**
   * False while an alarm blocks publishers, and from the first publish without an answer in time until every late publish
   * is answered and a probe is confirmed.
   */
  get isConfirmed(): boolean {
    return !this.isBlocked && !this.isProbing;
  }

  /** Why the broker takes no message now: there is no connection, or an alarm. */
  get unavailable(): string | undefined {
    if (!this.channel.isOpen) return 'RabbitMQ is not connected';
    if (this.isBlocked) return 'RabbitMQ blocks publishers';
    return undefined;
  }

  onModuleInit(): void {
    const { managedConnection } = this.connection;
    managedConnection.on('blocked', ({ reason }) => {
      this.isBlocked = true;
      this.logger.warn(`RabbitMQ blocks publishers: ${reason}`);
    });
    const unblocked = () => (this.isBlocked = false);
    managedConnection.on('unblocked', unblocked).on('disconnect', unblocked);
  }

  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }

  /**
   * Waits as long as an HTTP client would.
   *
   * @throws PublishInterruptedError when there is no connection, or the channel closed before the confirm
   * @throws PublishUnconfirmedError when no confirm came in time, or the broker blocks publishers
   * @throws PublishReturnedError when no queue took the message
   * @throws UnencodableMessageError when it cannot be written; nothing was sent
   */
  async publish(message: OutgoingMessage): Promise<void> {
    if (this.isBlocked) throw new PublishUnconfirmedError('RabbitMQ blocks publishers');
    if (this.lateCount >= MOST_LATE) {
      throw new PublishUnconfirmedError(`RabbitMQ has not confirmed ${this.lateCount} earlier messages`);
    }
    return this.traced(message, true);
  }

  /**
   * The same, but waits for the confirm without a limit: publishing the same message again would only add copies.
   *
   * @throws PublishInterruptedError when there is no connection, or the channel closed before the confirm
   * @throws PublishReturnedError when no queue took the message
   * @throws UnencodableMessageError when it cannot be written; nothing was sent
   */
  send(message: OutgoingMessage): Promise<void> {
    return this.traced(message, false);
  }

  private traced(message: OutgoingMessage, isLimited: boolean): Promise<void> {
    const span = () => ({
      name: `publish ${message.routingKey}`,
      kind: SpanKind.PRODUCER,
      attributes: {
        'messaging.system': 'rabbitmq',
        'messaging.operation.type': 'send',
        'messaging.destination.name': message.exchange,
        'messaging.rabbitmq.destination.routing_key': message.routingKey,
      },
    });
    return inSpan(span, () =>
      this.channel.isOpen ? this.confirmed(message, isLimited) : this.whenOpen(message, isLimited),
    );
  }

  private async whenOpen(message: OutgoingMessage, isLimited: boolean): Promise<void> {
    // A message that waits here for a connection would be sent long after its publisher gave up.
    if (!(await this.channel.untilOpen(OPENING_MS))) {
      throw new PublishInterruptedError('RabbitMQ is not connected');
    }
    return this.confirmed(message, isLimited);
  }

  /** @param isLimited whether it rejects when the confirm is late; the publish is then still waited for */
  private confirmed(message: OutgoingMessage, isLimited: boolean): Promise<void> {
    const { exchange, routingKey, content, properties } = message;
    return new Promise((resolve, reject) => {
      let isLate = false;
      const inTime = this.deadlines.add(() => {
        isLate = true;
        this.lateCount += 1;
        void this.probe();
        if (isLimited) reject(lateError(message));
      });
      const answered = () => {
        if (isLate) this.lateCount -= 1;
        else inTime();
      };
      const headers = withTrace(properties.headers);
      this.channel
        .send({
          exchange,
          routingKey,
          content,
          properties: { mandatory: true, ...properties, persistent: true, headers },
        })
        .then(
          (answer) => {
            answered();
            if (answer === 'confirmed') resolve();
            else reject(new PublishReturnedError(`RabbitMQ has no queue for ${nameOf(message)}`));
          },
          (cause: unknown) => {
            answered();
            reject(cause instanceof UnencodableMessageError ? cause : interruptedError(message, cause));
          },
        );
    });
  }

  /** Probes until the broker confirms again, because there may be no other publish that would show it. */
  private async probe(): Promise<void> {
    if (this.isProbing) return;
    this.isProbing = true;
    this.logger.warn('RabbitMQ does not confirm publishes');
    while (!this.isStopping && !(await this.confirmsAgain())) {
      await sleep(PROBE_INTERVAL_MS, undefined, { ref: false });
    }
    this.isProbing = false;
    if (!this.isStopping) this.logger.log('RabbitMQ confirms again');
  }

  /** No queue takes the probe, so it can be confirmed although a queue confirms nothing. */
  private async confirmsAgain(): Promise<boolean> {
    return (await this.confirmsProbe()) && this.lateCount === 0;
  }

  private async confirmsProbe(): Promise<boolean> {
    if (this.unavailable !== undefined) return false;
    const answer = await withTimeout(this.channel.send(PROBE)).catch(() => undefined);
    // The broker is reachable and not blocked, but this channel receives no confirms.
    if (answer === 'late' && !this.isBlocked) this.channel.renew('no publish on it is confirmed');
    return answer === 'confirmed';
  }
}

async function withTimeout<T>(sent: Promise<T>): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), CONFIRM_TIMEOUT_MS);
  });
  return Promise.race([sent, late]).finally(() => clearTimeout(timer));
}

function lateError(message: OutgoingMessage): PublishUnconfirmedError {
  return new PublishUnconfirmedError(
    `RabbitMQ did not confirm ${nameOf(message)}: no answer within ${CONFIRM_TIMEOUT_MS} ms`,
  );
}

function interruptedError(message: OutgoingMessage, cause: unknown): PublishInterruptedError {
  return new PublishInterruptedError(`RabbitMQ did not confirm ${nameOf(message)}: ${messageOf(cause)}`, {
    cause,
  });
}

function nameOf({ exchange, routingKey }: OutgoingMessage): string {
  return `a message to '${exchange}' (${routingKey})`;
}
