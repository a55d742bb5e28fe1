import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { ConfirmChannel, Message, Options } from 'amqplib';
import { Declaration } from './declaration';
import { assertEncodable } from './encodable';
import { PUBLISH_ID } from './topology';

export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  readonly properties: Options.Publish;
}

/** The broker's answer to a publish: it took the message, or no queue takes it. */
export type BrokerAnswer = 'confirmed' | 'returned';

interface Publish {
  readonly resolve: (answer: BrokerAnswer) => void;
  readonly reject: (error: Error) => void;
  returned: boolean;
}

/** A channel, with the unconfirmed publishes on it by their ids. */
interface Opened {
  readonly channel: ConfirmChannel;
  readonly inFlight: Map<string, Publish>;
}

/** The code with which RabbitMQ closes a channel that publishes to an exchange that does not exist. */
const NOT_FOUND = 404;
/** Prevents a hot loop if a new channel fails at once. */
const REOPEN_DELAY_MS = 1_000;

/**
 * The channel for publishing: opened when everything is declared, and opened again when it has closed or its confirms can
 * no longer be matched. Not one of the library's channels: those keep messages in memory and send them after their
 * publisher gave up.
 */
@Injectable()
export class PublishingChannel implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(PublishingChannel.name);
  private readonly waiting = new Set<() => void>();
  private current: Opened | undefined;
  private isOpening = false;
  private isStopping = false;
  private published = 0;

  constructor(
    private readonly connection: AmqpConnection,
    private readonly declaration: Declaration,
  ) {}

  get isOpen(): boolean {
    return this.current !== undefined;
  }

  onModuleInit(): void {
    const { managedChannel } = this.connection;
    managedChannel.on('connect', () => void this.open());
    // The channel may have been set up before this listener was added.
    void managedChannel.waitForConnect().then(() => this.open());
  }

  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }

  /** Whether it is open within that time: after a start or a reconnect it opens soon. */
  async untilOpen(withinMs: number): Promise<boolean> {
    if (this.isOpen) return true;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.waiting.add(done);
    });
    return this.isOpen;
  }

  /**
   * Resolves with the broker's answer, without a time limit.
   *
   * @throws UnencodableMessageError before anything is sent
   * @throws Error when the channel is not open, or closes first: whether the broker has the message is unknown
   */
  send({ exchange, routingKey, content, properties }: OutgoingMessage): Promise<BrokerAnswer> {
    const opened = this.current;
    if (!opened) return Promise.reject(new Error('the channel for publishing is not open'));
    const id = String(++this.published);
    const headers: unknown = properties.headers;
    const options = {
      ...properties,
      headers: { ...(typeof headers === 'object' ? headers : {}), [PUBLISH_ID]: id },
    };
    return new Promise((resolve, reject) => {
      assertEncodable(content, options);
      opened.inFlight.set(id, { resolve, reject, returned: false });
      try {
        opened.channel.publish(exchange, routingKey, content, options, (refused: unknown) =>
          this.answer(opened, id, refused),
        );
      } catch (error) {
        // The client has counted it nevertheless: from here on each confirm would be matched with the wrong message.
        this.discard(opened, `a publish failed inside the client: ${String(error)}`);
      }
    });
  }

  /** Closes the current channel, on which answers can no longer be matched or do not come, and opens another one. */
  renew(reason: string): void {
    if (this.current) this.discard(this.current, reason);
  }

  private answer({ inFlight }: Opened, id: string, refused: unknown): void {
    const publish = inFlight.get(id);
    inFlight.delete(id);
    if (refused) publish?.reject(new Error('RabbitMQ refused the message', { cause: refused }));
    else publish?.resolve(publish.returned ? 'returned' : 'confirmed');
  }

  private async open(): Promise<void> {
    const { connection } = this.connection.managedConnection;
    if (!connection || this.current || this.isOpening || this.isStopping) return;
    this.isOpening = true;
    try {
      const channel = await connection.createConfirmChannel();
      this.use({ channel, inFlight: new Map() });
    } catch (error) {
      // The connection has closed, and the next one opens a channel again; or it is open, but has no free channel.
      this.logger.warn(`The channel for publishing could not be opened: ${String(error)}`);
      this.openLater();
    } finally {
      this.isOpening = false;
    }
  }

  private use(opened: Opened): void {
    const { channel, inFlight } = opened;
    channel.on('return', ({ properties }: Message) => {
      // The return arrives before the confirm of the same message.
      const publish = inFlight.get(String(properties.headers?.[PUBLISH_ID]));
      if (publish) publish.returned = true;
    });
    // Without a listener an error that closes the channel would close the whole connection as an unexpected frame.
    channel.on('error', (error: Error & { code?: number }) => {
      this.logger.error(`RabbitMQ closed a channel: ${error.message}`);
      if (error.code === NOT_FOUND) void this.declaration.redeclare();
    });
    channel.on('close', () => this.forget(opened, 'the channel closed'));
    this.current = opened;
    for (const done of this.waiting) done();
  }

  private discard(opened: Opened, reason: string): void {
    this.logger.error(`The channel for publishing is closed and opened again: ${reason}`);
    this.forget(opened, reason);
    opened.channel.close().catch(() => undefined);
  }

  private forget(opened: Opened, reason: string): void {
    for (const { reject } of opened.inFlight.values()) reject(new Error(reason));
    opened.inFlight.clear();
    if (this.current !== opened) return;
    this.current = undefined;
    this.openLater();
  }

  private openLater(): void {
    setTimeout(() => void this.open(), REOPEN_DELAY_MS).unref();
  }
}
