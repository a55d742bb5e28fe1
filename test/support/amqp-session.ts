import { connect } from 'amqplib';
import type { Channel, ChannelModel, ConfirmChannel } from 'amqplib';

/** The name under which the management API shows the test's own connection. */
export const ownConnectionName = 'e2e test';

interface Open {
  model: ChannelModel;
  publishing: ConfirmChannel;
}

/** The test's connection to the broker: opened on first use, and again after it was lost. */
export class AmqpSession {
  private current: Promise<Open> | undefined;

  constructor(private readonly url: string) {}

  async publishing(): Promise<ConfirmChannel> {
    return (await this.connected()).publishing;
  }

  async newChannel(): Promise<Channel> {
    const { model } = await this.connected();
    const channel = await model.createChannel();
    channel.on('error', () => undefined);
    return channel;
  }

  /** Uses a channel of its own: a missing queue closes the channel, and other work must not be affected. */
  async withChannel<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = await this.newChannel();
    try {
      return await work(channel);
    } finally {
      await channel.close().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    await current?.then(({ model }) => model.close()).catch(() => undefined);
  }

  private connected(): Promise<Open> {
    this.current ??= this.open();
    return this.current;
  }

  private async open(): Promise<Open> {
    const forget = (): void => {
      this.current = undefined;
    };
    try {
      // Otherwise an acknowledgement in front of a request delays it by 40 ms.
      const model = await connect(this.url, {
        noDelay: true,
        clientProperties: { connection_name: ownConnectionName },
      });
      model.on('error', () => undefined);
      model.on('close', forget);
      return { model, publishing: await model.createConfirmChannel() };
    } catch (error) {
      forget();
      throw error;
    }
  }
}
