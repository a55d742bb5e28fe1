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
  /** One pause a reason: while one lasts, further calls with the same reason change nothing. */
  readonly reason: string;
  /** Asked again and again, with growing waits; a rejection counts as no. */
  readonly isOver: () => Promise<boolean>;
  /** The only queue that is paused. Default: all. */
  readonly queue?: WorkQueue;
}

/** Between two looks whether the reason of a pause is gone: quickly at first, then rarely. */
const FIRST_LOOK_MS = 500;
const LONGEST_LOOK_MS = 10_000;

/**
 * Whether this process takes messages. It pauses while a dependency is away, because each message taken then would
 * only be delayed; and it stops before the application closes, because the library's own `close()` cancels nothing.
 */
@Injectable()
export class Consumption implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(Consumption.name);
  private readonly pauses = new Map<string, Pause>();
  /** Consumers of the current channel that we told the broker to stop. */
  private readonly cancelled = new Set<string>();
  /** Consumers that go on under another tag, for as long as something that they were given is in flight. */
  private readonly resumed = new Set<string>();
  /** Consumers of channels that are gone, likewise. */
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
   * Whether the message can still be acknowledged. On a channel that is gone it cannot, and the broker has already given
   * it to somebody else.
   */
  isHeld({ fields }: ConsumeMessage): boolean {
    return this.channel !== undefined && !this.stale.has(fields.consumerTag);
  }

  async onModuleInit(): Promise<void> {
    const wrapper = this.connection.managedChannels[CONSUMER_CHANNEL];
    await wrapper?.addSetup((channel: ConfirmChannel) => this.adopt(channel));
    // By then the library consumes again on the new channel, whatever the old one had been told.
    wrapper?.on('connect', () => void this.apply());
  }

  /** Takes no more messages until `isOver` says so. */
  pause(pause: Pause): void {
    if (this.pauses.has(pause.reason) || this.stopped) return;
    this.pauses.set(pause.reason, pause);
    this.logger.warn(`Consumption paused: ${pause.reason}`);
    void this.apply();
    void this.resumeAfter(pause);
  }

  /** Takes no more messages, and waits until those in flight have met their disposition. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.apply();
    // The library tracks what it has handed out, but waits for it only when Redis is already gone.
    await Promise.allSettled(messagesInFlight(this.connection));
  }

  private async resumeAfter({ reason, isOver }: Pause): Promise<void> {
    for (let waitMs = FIRST_LOOK_MS; !this.stopped; waitMs = Math.min(2 * waitMs, LONGEST_LOOK_MS)) {
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
      // By the broker: the queue is gone, or has moved. The library takes no notice; a new connection declares it anew.
      this.logger.warn('RabbitMQ cancelled the consumer; connecting anew');
      this.stale.add(consumerTag);
      channel.close().catch(() => undefined);
    });
    return Promise.resolve();
  }

  /** The library would keep the consumers of each channel that is gone, with all that they hold. */
  private retire(): void {
    // Those of the new channel are added when the broker has answered, so later than this.
    const { consumerTags } = this.connection;
    const gone = [...this.resumed, ...consumerTags];
    for (const tag of gone) this.stale.add(tag);
    for (const tag of consumerTags) forgetConsumer(this.connection, tag);
    this.resumed.clear();
    this.cancelled.clear();
    this.whenSettled(() => gone.forEach((tag) => this.stale.delete(tag)));
  }

  /** Calls back when nothing is in flight any more of what is now. */
  private whenSettled(then: () => void): void {
    void Promise.allSettled(messagesInFlight(this.connection)).then(then);
  }

  /** Makes the broker's view agree with ours, one change after the other. */
  private apply(): Promise<void> {
    this.applying = this.applying
      .then(() => this.cancelOrResume())
      .catch((error: unknown) => {
        // The channel closed meanwhile. The next one consumes from the start, and then we are asked again.
        this.logger.warn(`Consumers could not be told to stop or go on: ${String(error)}`);
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
