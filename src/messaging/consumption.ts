import { setTimeout as sleep } from 'node:timers/promises';
import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { forgetConsumer, messagesInFlight, queueOfConsumer } from './golevelup-internals';
import { CONSUMER_CHANNEL, type WorkQueue } from './topology';

export type ConsumptionState =
  | { readonly kind: 'consuming' }
  | { readonly kind: 'paused'; readonly reasons: string[] }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'stopped' };

export interface Pause {
  /** While a pause lasts, further calls with the same reason change nothing. */
  readonly reason: string;
  /** Called repeatedly, with growing waits; a rejection counts as false. */
  readonly isOver: () => Promise<boolean>;
  /** The only queue that is paused. Default: all. */
  readonly queue?: WorkQueue;
}

/** Time between two calls of `isOver`: short at first, then longer. */
const FIRST_CHECK_MS = 500;
const LONGEST_CHECK_MS = 10_000;

/**
 * Whether this process takes messages. It pauses while a dependency is unavailable, because each message would only be
 * delayed; and it stops before the application closes, because the library's own `close()` cancels no consumer.
 */
@Injectable()
export class Consumption implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(Consumption.name);
  private readonly pauses = new Map<string, Pause>();
  /** Consumers of the current channel that we cancelled. */
  private readonly cancelled = new Set<string>();
  /** Old tags of consumers that were resumed under a new tag, while messages delivered under the old one are in flight. */
  private readonly resumed = new Set<string>();
  /** Consumers of closed channels, while messages delivered to them are in flight. */
  private readonly stale = new Set<string>();
  private channel: ConfirmChannel | undefined;
  private applying: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(private readonly connection: AmqpConnection) {}

  get state(): ConsumptionState {
    if (this.stopped) return { kind: 'stopped' };
    if (this.pauses.size > 0) return { kind: 'paused', reasons: [...this.pauses.keys()] };
    return this.tags().length > 0 ? { kind: 'consuming' } : { kind: 'disconnected' };
  }

  /**
   * Whether the message can still be acknowledged. If its channel has closed it cannot, and the broker has already
   * redelivered it.
   */
  isHeld({ fields }: ConsumeMessage): boolean {
    return this.channel !== undefined && !this.stale.has(fields.consumerTag);
  }

  async onModuleInit(): Promise<void> {
    const wrapper = this.connection.managedChannels[CONSUMER_CHANNEL];
    await wrapper?.addSetup((channel: ConfirmChannel) => this.adopt(channel));
    // The library then consumes on the new channel, even if the consumers of the old one were cancelled.
    wrapper?.on('connect', () => void this.apply());
  }

  /** Takes no more messages until `isOver` resolves with true. */
  pause(pause: Pause): void {
    if (this.pauses.has(pause.reason) || this.stopped) return;
    this.pauses.set(pause.reason, pause);
    this.logger.warn(`Consumption paused: ${pause.reason}`);
    void this.apply();
    void this.resumeAfter(pause);
  }

  /** Takes no more messages, and waits until those in flight are settled. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.apply();
    // The library also waits for its messages, but only after the Redis connection is closed.
    await Promise.allSettled(messagesInFlight(this.connection));
  }

  private async resumeAfter({ reason, isOver }: Pause): Promise<void> {
    for (let waitMs = FIRST_CHECK_MS; !this.stopped; waitMs = Math.min(2 * waitMs, LONGEST_CHECK_MS)) {
      await sleep(waitMs, undefined, { ref: false });
      if (await isOver().catch(() => false)) break;
    }
    this.pauses.delete(reason);
    if (this.stopped) return;
    this.logger.log(`Consumption resumed: ${reason} is over`);
    await this.apply();
  }

  private adopt(channel: ConfirmChannel): Promise<void> {
    this.channel = channel;
    this.retire();
    channel.on('close', () => {
      if (this.channel === channel) this.channel = undefined;
    });
    channel.on('cancel', ({ consumerTag }: { consumerTag: string }) => {
      // The queue was deleted or has moved. The library ignores it; a new connection declares the queue again.
      this.logger.warn('RabbitMQ cancelled the consumer; reconnecting');
      this.stale.add(consumerTag);
      channel.close().catch(() => undefined);
    });
    return Promise.resolve();
  }

  /** The library would keep the consumers of closed channels, with everything that they reference. */
  private retire(): void {
    // The consumers of the new channel are added later, when the broker has answered.
    const { consumerTags } = this.connection;
    const gone = [...this.resumed, ...consumerTags];
    for (const tag of gone) this.stale.add(tag);
    for (const tag of consumerTags) forgetConsumer(this.connection, tag);
    this.resumed.clear();
    this.cancelled.clear();
    this.whenSettled(() => gone.forEach((tag) => this.stale.delete(tag)));
  }

  /** Calls back when all messages that are now in flight are settled. */
  private whenSettled(then: () => void): void {
    void Promise.allSettled(messagesInFlight(this.connection)).then(then);
  }

  /** Cancels or resumes consumers as the current state requires, one change after the other. */
  private apply(): Promise<void> {
    this.applying = this.applying
      .then(() => this.cancelOrResume())
      .catch((error: unknown) => {
        // The channel closed meanwhile. On the next channel consumers are active, and this method is called again.
        this.logger.warn(`Consumers could not be cancelled or resumed: ${String(error)}`);
      });
    return this.applying;
  }

  private async cancelOrResume(): Promise<void> {
    for (const tag of this.tags()) {
      const wanted = !this.stopped && !this.isPaused(tag);
      if (!wanted && !this.cancelled.has(tag)) {
        this.cancelled.add(tag);
        await this.connection.cancelConsumer(tag);
      } else if (wanted && this.cancelled.delete(tag)) {
        this.resumed.add(tag);
        this.whenSettled(() => this.resumed.delete(tag));
        await this.connection.resumeConsumer(tag);
      }
    }
  }

  private isPaused(tag: string): boolean {
    const queue = queueOfConsumer(this.connection, tag);
    return [...this.pauses.values()].some(
      (pause) => pause.queue === undefined || queue === undefined || pause.queue.name === queue,
    );
  }

  /** Consumers of the current channel. */
  private tags(): string[] {
    if (!this.channel) return [];
    return this.connection.consumerTags.filter((tag) => !this.stale.has(tag));
  }
}
