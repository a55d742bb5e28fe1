import type { GetMessage } from 'amqplib';
import { AmqpSession } from '../support/amqp-session';
import { eventually } from '../support/eventually';
import { MessageDocument } from '../support/message-document';
import { aPayment, gatewayKey } from '../support/payments';
import {
  eventsExchange,
  exchange,
  retryQueuePrefix,
  routingKey,
  succeededRoutingKey,
} from '../support/topology';
import { useWorld } from '../support/world';

describe('messages on the wire', () => {
  const world = useWorld();
  const document = new MessageDocument();
  let session: AmqpSession;

  beforeAll(() => {
    session = new AmqpSession(world.broker.url);
  });
  afterAll(() => session.close());

  const problemsOf = (name: string, { content, properties }: Pick<GetMessage, 'content' | 'properties'>) =>
    document.problemsOf(name, { headers: properties.headers, payload: JSON.parse(content.toString()) });

  it.each([
    { name: 'paymentRequested', from: exchange, key: routingKey },
    { name: 'paymentSucceeded', from: eventsExchange, key: succeededRoutingKey },
  ])('$name matches the AsyncAPI document', async ({ name, from, key }) => {
    expect(document.exchangeOf(name)).toBe(from);
    const channel = await session.newChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    await channel.bindQueue(queue, from, key);
    await world.service.postPayment(
      aPayment({ receiptEmail: 'customer@example.com', currency: 'JPY', amount: 500 }),
    );
    const message = await eventually(async () => {
      const got = await channel.get(queue, { noAck: true });
      if (!got) throw new Error(`no message arrived with routing key ${key}`);
      return got;
    });
    await channel.close();
    expect(problemsOf(name, message)).toEqual([]);
  });

  it('paymentDelayed matches the AsyncAPI document', async () => {
    const payment = aPayment();
    const matching = { idempotencyKey: gatewayKey(payment) };
    await world.sandbox.fault({ kind: 'rate-limit', retryAfterSeconds: 4, matching });
    await world.service.postPayment(payment);
    const queue = await eventually(async () => {
      const depths = Object.entries(await world.broker.queueDepths());
      const [name] =
        depths.find(([candidate, depth]) => candidate.startsWith(retryQueuePrefix) && depth > 0) ?? [];
      if (name === undefined) throw new Error('no retry queue holds a message');
      return name;
    });
    const problems = await session.withChannel(async (channel) => {
      const message = await channel.get(queue);
      if (!message) throw new Error(`${queue} is empty`);
      channel.nack(message);
      return problemsOf('paymentDelayed', message);
    });
    expect(problems).toEqual([]);
    await world.service.completedPayment(payment.idempotencyKey);
  });

  it('deadLetter matches the AsyncAPI document', async () => {
    await world.broker.publish(JSON.stringify({ paymentId: 7 }), { headers: { 'idempotency-key': 'abc' } });
    const [letter] = await world.broker.waitForDeadLetters(1);
    if (!letter) throw new Error('there is no dead letter');
    expect(problemsOf('deadLetter', { content: letter.body, properties: letter.properties })).toEqual([]);
  });
});
