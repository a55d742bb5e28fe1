import { randomUUID } from 'node:crypto';
import {
  AmqpConnectionManager,
  RabbitMQModule,
  RabbitPayload,
  RabbitRequest,
  RabbitSubscribe,
} from '@golevelup/nestjs-rabbitmq';
import { Injectable, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { ConsumeMessage } from 'amqplib';
import { Idempotent, IdempotencyModule, MemoryIdempotencyStore } from 'nestjs-idempotent';
import { rabbitmq, settleBatch } from 'nestjs-idempotent/rabbitmq';
import { BrokerGate } from '../support/broker-gate';
import { eventually } from '../support/eventually';
import { JointChannels } from '../support/joint-channel';

interface Delivery {
  readonly tag: number;
  readonly finish: () => void;
}

/** What handlers work on, by id. */
const working = new Map<string, Delivery>();

function work(id: string, { fields }: ConsumeMessage): Promise<void> {
  return new Promise((finish) => working.set(id, { tag: fields.deliveryTag, finish }));
}

const subscription = (name: string) => ({
  exchange: 'orders',
  routingKey: name,
  queue: name,
  queueOptions: { deadLetterExchange: '', deadLetterRoutingKey: 'rejected' },
});

@Injectable()
class Orders {
  @RabbitSubscribe({ ...subscription('log'), connection: 'first' })
  async log(@RabbitPayload('id') id: string, @RabbitRequest() message: ConsumeMessage): Promise<void> {
    await work(id, message);
  }

  @RabbitSubscribe({ ...subscription('ship'), connection: 'first' })
  @Idempotent({ scope: 'ship' })
  async ship(@RabbitPayload('id') id: string, @RabbitRequest() message: ConsumeMessage): Promise<void> {
    await work(id, message);
  }

  @RabbitSubscribe({ ...subscription('bill'), connection: 'second' })
  async bill(@RabbitPayload('id') id: string, @RabbitRequest() message: ConsumeMessage): Promise<void> {
    await work(id, message);
  }

  @RabbitSubscribe({
    ...subscription('pack'),
    connection: 'second',
    allowNonJsonMessages: true,
    batchOptions: {
      size: 4,
      errorHandler: settleBatch((channel, message) => channel.reject(message, false)),
    },
  })
  @Idempotent({ scope: 'pack' })
  async pack(
    @RabbitPayload() [order]: readonly { id: string }[],
    @RabbitRequest() [message]: readonly ConsumeMessage[],
  ): Promise<void> {
    if (order?.id.startsWith('bad')) throw new Error('no box');
    if (order && message) await work(order.id, message);
  }
}

describe('subscribers of @golevelup/nestjs-rabbitmq that acknowledge together', () => {
  const channels = JointChannels.use();
  let gate: BrokerGate;
  let app: INestApplication;

  beforeAll(async () => {
    await channels.broker.withChannel((channel) => channel.assertQueue('rejected'));
    gate = await BrokerGate.inFrontOf(channels.url);
    const connection = (name: string) =>
      RabbitMQModule.forRoot({ name, uri: gate.url, exchanges: [{ name: 'orders', type: 'topic' }] });
    const module = await Test.createTestingModule({
      imports: [
        connection('first'),
        connection('second'),
        IdempotencyModule.forRoot({
          store: new MemoryIdempotencyStore(),
          ttlSeconds: 60,
          leaseMs: 5_000,
          handlers: [rabbitmq({ acknowledgeTogether: true })],
        }),
      ],
      providers: [Orders],
    }).compile();
    app = module.createNestApplication({ logger: false });
    await app.init();
  });
  afterAll(() => gate.close());

  async function publish(queue: string, ids: readonly string[]): Promise<void> {
    const channel = await channels.broker.publishing();
    for (const id of ids)
      channel.publish('orders', queue, Buffer.from(JSON.stringify({ id })), {
        headers: { 'idempotency-key': id },
      });
    await channel.waitForConfirms();
  }

  const delivery = (id: string) =>
    eventually(() => {
      const found = working.get(id);
      if (!found) throw new Error(`no handler works on ${id}`);
      return found;
    });

  /** Publishes messages, and resolves when handlers work on all of them. */
  async function deliver(queue: string, count = 5): Promise<Delivery[]> {
    const ids = Array.from({ length: count }, () => randomUUID());
    await publish(queue, ids);
    return Promise.all(ids.map(delivery));
  }

  const frames = () => gate.acknowledged.map(({ tag, isMultiple }) => `${isMultiple ? '..' : ''}${tag}`);

  beforeEach(() => void gate.acknowledged.splice(0));

  it.each(['log', 'ship', 'bill'])('send one frame for the messages of a turn (%s)', async (queue) => {
    const deliveries = await deliver(queue);
    for (const { finish } of deliveries) finish();
    await eventually(() => expect(frames()).toEqual([`..${deliveries.at(-1)?.tag}`]));
  });

  it('acknowledge singly while the first handler is slow', async () => {
    const [slow, ...others] = await deliver('ship');
    for (const { finish } of others) finish();
    await eventually(() => expect(frames()).toEqual(others.map(({ tag }) => String(tag))));
    slow?.finish();
    await eventually(() => expect(frames()).toHaveLength(5));
  });

  it('send one frame for a batch, and reject the message that failed', async () => {
    const ids = [randomUUID(), randomUUID(), randomUUID(), `bad-${randomUUID()}`];
    await publish('pack', ids);
    const tags: number[] = [];
    for (const id of ids.slice(0, 3)) {
      const { tag, finish } = await delivery(id);
      tags.push(tag);
      finish();
    }
    await eventually(() => expect(frames()).toEqual([`..${tags.at(-1)}`]));
    await eventually(async () => expect(await channels.leftIn('rejected')).toHaveLength(1));
  });

  it('do so on the channels of the next connection, whose tags begin again', async () => {
    app.get(AmqpConnectionManager).getConnection('first')?.managedConnection.reconnect();
    const deliveries = await deliver('log');
    for (const { finish } of deliveries) finish();
    expect(deliveries.map(({ tag }) => tag)).toEqual([1, 2, 3, 4, 5]);
    await eventually(() => expect(frames()).toEqual(['..5']));
  });

  it('leave nothing to redeliver when the application closes', async () => {
    const deliveries = await deliver('ship');
    const closed = app.close();
    for (const { finish } of deliveries) finish();
    await closed;
    const queues = ['log', 'ship', 'bill', 'pack'];
    expect(await Promise.all(queues.map((queue) => channels.leftIn(queue)))).toEqual([[], [], [], []]);
  });
});
