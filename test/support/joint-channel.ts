import { randomUUID } from 'node:crypto';
import { connect, type Channel, type ChannelModel, type ConsumeMessage, type Options } from 'amqplib';
import { acknowledgeTogether } from 'nestjs-idempotent/rabbitmq';
import { AmqpSession } from './amqp-session';
import { BrokerGate } from './broker-gate';
import { eventually } from './eventually';
import { given, onVhost, vhostName } from './isolation';
import { Management } from './management';

/** A channel that acknowledges together, what was delivered to it, and the frames with which it acknowledged. */
export class JointChannel {
  readonly messages: ConsumeMessage[] = [];

  private constructor(
    readonly channel: Channel,
    private readonly model: ChannelModel,
    private readonly gate: BrokerGate,
  ) {}

  /** @param isJoint false for a channel that the caller changes later */
  static async open(url: string, { isJoint = true } = {}): Promise<JointChannel> {
    const gate = await BrokerGate.inFrontOf(url);
    const model = await connect(gate.url);
    model.on('error', () => undefined);
    const channel = await model.createChannel();
    channel.on('error', () => undefined);
    if (isJoint) acknowledgeTogether(channel);
    return new JointChannel(channel, model, gate);
  }

  async consume(queue: string, options?: Options.Consume): Promise<void> {
    await this.channel.consume(queue, (message) => message && this.messages.push(message), options);
  }

  /** Resolves with the delivery that has this tag, which may not have arrived yet. */
  async delivery(tag: number): Promise<ConsumeMessage> {
    return eventually(() => {
      const found = this.messages.find(({ fields }) => fields.deliveryTag === tag);
      if (!found) throw new Error(`delivery ${tag} has not arrived`);
      return found;
    });
  }

  async deliveries(...tags: number[]): Promise<ConsumeMessage[]> {
    return Promise.all(tags.map((tag) => this.delivery(tag)));
  }

  /** Acknowledges deliveries in one turn of the event loop, in this order. */
  async ack(...tags: number[]): Promise<void> {
    for (const message of await this.deliveries(...tags)) this.channel.ack(message);
  }

  /**
   * The frames with which the channel acknowledged since the last call: `3` is delivery 3 alone, `..3` all up to it. Rejects
   * if the broker has closed the channel.
   */
  async frames(): Promise<string[]> {
    // What is due leaves in this turn, and the broker answers this when it has read that.
    await new Promise((sent) => setImmediate(sent));
    await this.channel.prefetch(0);
    return this.gate.acknowledged.splice(0).map(({ tag, isMultiple }) => `${isMultiple ? '..' : ''}${tag}`);
  }

  closeConnection(): Promise<void> {
    return this.model.close();
  }

  async end(): Promise<void> {
    await this.model.close().catch(() => undefined);
    await this.gate.close();
  }
}

/** Queues in a virtual host of their own, and channels that acknowledge together. */
export class JointChannels {
  private readonly vhost = vhostName();
  private readonly management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
  readonly url = onVhost(given('RABBITMQ_URL'), this.vhost);
  readonly broker = new AmqpSession(this.url);
  private readonly opened: JointChannel[] = [];

  /** For the tests of one file. */
  static use(): JointChannels {
    const channels = new JointChannels();
    beforeAll(() => channels.management.createVhost(channels.vhost));
    afterEach(() => channels.end());
    afterAll(async () => {
      await channels.broker.close();
      await channels.management.deleteVhost(channels.vhost);
    });
    return channels;
  }

  /** A new queue with messages whose bodies count from 1. */
  async queue({
    messages,
    deadLettersTo = '',
  }: {
    messages: number;
    deadLettersTo?: string;
  }): Promise<string> {
    const name = randomUUID();
    const channel = await this.broker.publishing();
    await channel.assertQueue(name, { deadLetterExchange: '', deadLetterRoutingKey: deadLettersTo });
    for (let body = 1; body <= messages; body++) channel.sendToQueue(name, Buffer.from(String(body)));
    await channel.waitForConfirms();
    return name;
  }

  async open(options?: { isJoint: boolean }): Promise<JointChannel> {
    const joint = await JointChannel.open(this.url, options);
    this.opened.push(joint);
    return joint;
  }

  async consuming(queue: string): Promise<JointChannel> {
    const joint = await this.open();
    await joint.consume(queue);
    return joint;
  }

  /** The bodies that are left in a queue, when no consumer holds any of them. */
  async leftIn(queue: string): Promise<string[]> {
    return this.broker.withChannel(async (channel) => {
      await eventually(async () => expect((await channel.checkQueue(queue)).consumerCount).toBe(0));
      const bodies: string[] = [];
      for (let got = await channel.get(queue); got; got = await channel.get(queue))
        bodies.push(got.content.toString());
      return bodies;
    });
  }

  private async end(): Promise<void> {
    await Promise.all(this.opened.splice(0).map((joint) => joint.end()));
  }
}
