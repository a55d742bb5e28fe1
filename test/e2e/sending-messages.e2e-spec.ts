import { AmqpConnection, RabbitMQModule } from '@golevelup/nestjs-rabbitmq';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { ConsumeMessage } from 'amqplib';
import { OutcomeUnknownError, createIdempotentPublish } from 'nestjs-idempotent/client';
import { BrokerGate } from '../support/broker-gate';
import { eventually } from '../support/eventually';
import { given, onVhost, vhostName } from '../support/isolation';
import { Management } from '../support/management';

const exchange = 'shop';
const routingKey = 'order.paid';
const order = { order: 7 };

/** An application that publishes through golevelup's connection. The broker is behind a gate. */
class Shop {
  private constructor(
    private readonly app: INestApplication,
    readonly connection: AmqpConnection,
  ) {}

  static async open(uri: string): Promise<Shop> {
    const module = await Test.createTestingModule({
      imports: [
        RabbitMQModule.forRoot({
          uri,
          exchanges: [{ name: exchange, type: 'topic' }],
          queues: [
            { name: 'orders', exchange, routingKey },
            // Takes one message, and refuses (nacks) all others.
            {
              name: 'small',
              exchange,
              routingKey: 'small',
              options: { durable: true, arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' } },
            },
          ],
          connectionManagerOptions: { reconnectTimeInSeconds: 3 },
        }),
      ],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    await app.init();
    return new Shop(app, app.get(AmqpConnection));
  }

  close(): Promise<void> {
    return this.app.close();
  }
}

describe('a message that is published with createIdempotentPublish() through AmqpConnection', () => {
  const vhost = vhostName();
  const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
  let gate: BrokerGate;
  let shop: Shop;

  /** Takes all messages of a queue out of it. */
  async function messagesIn(queue: string): Promise<Omit<ConsumeMessage, 'fields'>[]> {
    const messages = [];
    for (;;) {
      const message = await shop.connection.channel.get(queue, { noAck: true });
      if (!message) return messages;
      messages.push(message);
    }
  }
  const keysIn = async (queue: string) =>
    (await messagesIn(queue)).map(({ properties }): unknown => properties.headers?.['idempotency-key']);

  beforeAll(async () => {
    await management.createVhost(vhost);
    gate = await BrokerGate.inFrontOf(onVhost(given('RABBITMQ_URL'), vhost));
    shop = await Shop.open(gate.url);
  });
  afterAll(async () => {
    await shop.close();
    await gate.close();
    await management.deleteVhost(vhost);
  });

  it('is persistent, and has its key and the time of the operation', async () => {
    const before = Math.floor(Date.now() / 1000);
    const publish = createIdempotentPublish(shop.connection);
    const { idempotencyKey } = await publish({
      exchange,
      routingKey,
      message: order,
      options: { contentType: 'application/json', headers: { lane: 1 } },
    });
    const [message] = await messagesIn('orders');
    expect(JSON.parse(String(message?.content))).toEqual(order);
    expect(message?.properties).toMatchObject({
      deliveryMode: 2,
      contentType: 'application/json',
      headers: { 'idempotency-key': idempotencyKey, lane: 1 },
    });
    expect(message?.properties.timestamp).toBeGreaterThanOrEqual(before);
  });

  it('is published again with its key, when no confirm comes', async () => {
    gate.withholdConfirms(routingKey);
    const publish = createIdempotentPublish(shop.connection, { attemptTimeoutMs: 300, maxAttempts: 20 });
    const published = publish({ exchange, routingKey, message: order });
    await eventually(() => gate.published.filter((key) => key === routingKey).length > 2);
    gate.releaseConfirms();
    const { idempotencyKey } = await published;
    const keys = await keysIn('orders');
    expect(keys.length).toBeGreaterThan(1);
    expect(new Set(keys)).toEqual(new Set([idempotencyKey]));
  });

  it('is published again with its key, when the broker refuses it', async () => {
    const publish = createIdempotentPublish(shop.connection);
    await publish({ exchange, routingKey: 'small', message: order, idempotencyKey: 'first' });
    const second = publish({ exchange, routingKey: 'small', message: order, idempotencyKey: 'second' });
    await eventually(() => gate.published.filter((key) => key === 'small').length > 2);
    expect(await keysIn('small')).toEqual(['first']);
    expect(await second).toEqual({ idempotencyKey: 'second' });
    expect(await keysIn('small')).toEqual(['second']);
  });

  it('is an error with its key, when there is no confirm in time', async () => {
    gate.withholdConfirms(routingKey);
    const publish = createIdempotentPublish(shop.connection, { attemptTimeoutMs: 100, maxAttempts: 2 });
    const call = publish({ exchange, routingKey, message: order, idempotencyKey: 'unknown' });
    const error: unknown = await call.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({ idempotencyKey: 'unknown', attempts: 2 });
    gate.releaseConfirms();
    await messagesIn('orders');
  });

  it('is not sent later, after its publisher has given up while there was no connection', async () => {
    const [{ name } = {}] = await eventually(async () => {
      const connections = await management.connections(vhost);
      expect(connections).not.toHaveLength(0);
      return connections;
    });
    await management.closeConnection(String(name));
    await eventually(() => !shop.connection.connected);
    const publish = createIdempotentPublish(shop.connection, { attemptTimeoutMs: 100, maxAttempts: 2 });
    const call = publish({ exchange, routingKey, message: order, idempotencyKey: 'given-up' });
    await expect(call).rejects.toThrow(OutcomeUnknownError);
    await createIdempotentPublish(shop.connection)({
      exchange,
      routingKey,
      message: order,
      idempotencyKey: 'next',
    });
    expect(await keysIn('orders')).toEqual(['next']);
  });
});
