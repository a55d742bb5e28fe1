import { randomUUID } from 'node:crypto';
import type { Channel, Options } from 'amqplib';
import { Redis } from 'ioredis';
import { AmqpSession } from '../support/amqp-session';
import { documentedAcl, documentedPermissions } from '../support/documented-permissions';
import { given } from '../support/isolation';
import { asUser, Management, vhostOf } from '../support/management';
import { useReceipts } from '../support/receipts';
import {
  deadLetterQueue,
  eventsExchange,
  exchange,
  receiptQueue,
  retryQueuePrefix,
  routingKey,
  succeededRoutingKey,
  workQueue,
} from '../support/topology';
import { useWorld } from '../support/world';

const PASSWORD = 'refused';
const ACCESS_REFUSED = 403;
const PRECONDITION_FAILED = 406;
const management = new Management(given('RABBITMQ_MANAGEMENT_URL'));
const receipts = useReceipts();

interface Attempt {
  what: string;
  /** The code with which the broker closes the channel; by default ACCESS_REFUSED. */
  code?: number;
  try: (channel: Channel) => unknown;
}

const publishing = (to: string, key: string, options: Options.Publish = {}): Attempt => ({
  what: `publish to '${to}' (${key})`,
  try: (channel) => channel.publish(to, key, Buffer.from('{}'), options),
});
const activity = publishing('amq.topic', 'payment-consumer.activity');
const inTheNameOfAnother: Attempt = {
  ...publishing(exchange, routingKey, { userId: 'guest' }),
  what: 'publish in the name of another user',
  code: PRECONDITION_FAILED,
};
/** What each RabbitMQ user may not do; each attempt is tested alone. */
const refusals: Record<string, Attempt[]> = {
  shop: [
    inTheNameOfAnother,
    publishing(eventsExchange, succeededRoutingKey),
    publishing('', workQueue),
    publishing('', `${retryQueuePrefix}250`),
    publishing('', deadLetterQueue),
    publishing('', receiptQueue),
    publishing(deadLetterQueue, ''),
    activity,
    { what: 'take requests', try: (channel) => channel.consume(workQueue, () => undefined) },
    { what: 'look at requests', try: (channel) => channel.get(workQueue) },
    { what: 'look at dead letters', try: (channel) => channel.get(deadLetterQueue) },
    { what: 'empty a queue', try: (channel) => channel.purgeQueue(deadLetterQueue) },
    { what: 'delete a queue', try: (channel) => channel.deleteQueue(workQueue) },
    { what: 'declare a queue', try: (channel) => channel.assertQueue('shop') },
    {
      what: 'bind a queue',
      try: (channel) => channel.bindQueue(receiptQueue, exchange, succeededRoutingKey),
    },
    { what: 'unbind a queue', try: (channel) => channel.unbindQueue(workQueue, exchange, routingKey) },
    { what: 'declare an exchange', try: (channel) => channel.assertExchange('shop', 'topic') },
    { what: 'delete an exchange', try: (channel) => channel.deleteExchange(exchange) },
    {
      what: 'bind an exchange',
      try: (channel) => channel.bindExchange(eventsExchange, exchange, '#'),
    },
  ],
  analytics: [
    publishing(exchange, routingKey),
    publishing(eventsExchange, succeededRoutingKey),
    publishing('', workQueue),
    activity,
    { what: 'take requests', try: (channel) => channel.consume(workQueue, () => undefined) },
    { what: 'look at dead letters', try: (channel) => channel.get(deadLetterQueue) },
    { what: 'receive copies of requests', try: (channel) => bindOwnQueue(channel, exchange) },
    { what: 'unbind the receipts', try: (channel) => channel.unbindQueue(receiptQueue, eventsExchange, '#') },
  ],
  payments: [
    inTheNameOfAnother,
    publishing('amq.direct', 'anything'),
    activity,
    { what: 'declare a queue of others', try: (channel) => channel.assertQueue('shop.orders') },
    { what: 'delete a queue of others', try: (channel) => channel.deleteQueue('shop.orders') },
  ],
};

/** Binds a queue of its own, which `analytics` may have. */
async function bindOwnQueue(channel: Channel, from: string): Promise<void> {
  await channel.assertQueue('analytics.events', { durable: true });
  await channel.bindQueue('analytics.events', from, '#');
}

/** The code with which the broker closes the channel; undefined if it stays open. */
async function refusalOf(session: AmqpSession, attempt: Attempt): Promise<unknown> {
  const channel = await session.newChannel();
  const refused = new Promise<unknown>((resolve) =>
    channel.once('error', ({ code }: Error & { code?: number }) => resolve(code)),
  );
  // The next command on the channel is answered only if the broker accepted the attempt.
  const taken = Promise.resolve(attempt.try(channel))
    .then(() => channel.prefetch(1))
    .then(() => undefined);
  return Promise.race([refused, taken.catch(() => refused)]);
}

describe.each(Object.entries(refusals))('the documented RabbitMQ user %s', (name, attempts) => {
  const user = `${name}-${randomUUID()}`;
  let session: AmqpSession;

  beforeAll(async () => {
    const { url } = receipts.world.broker;
    const permissions = documentedPermissions(name);
    await management.createUser(user, { password: PASSWORD, vhost: vhostOf(url), permissions });
    session = new AmqpSession(asUser(url, { user, password: PASSWORD }));
  });
  afterAll(async () => {
    await session.close();
    await management.deleteUser(user);
  });

  it.each(attempts)('may not $what', async (attempt) => {
    expect(await refusalOf(session, attempt)).toBe(attempt.code ?? ACCESS_REFUSED);
  });
});

describe('the documented RabbitMQ user analytics', () => {
  const user = `analytics-${randomUUID()}`;

  it('may bind its own queue to the events and consume them', async () => {
    const { url } = receipts.world.broker;
    const permissions = documentedPermissions('analytics');
    await management.createUser(user, { password: PASSWORD, vhost: vhostOf(url), permissions });
    const session = new AmqpSession(asUser(url, { user, password: PASSWORD }));
    await session.withChannel(async (channel) => {
      await bindOwnQueue(channel, eventsExchange);
      await receipts.untilALaterOneIsSent();
      expect(await channel.get('analytics.events', { noAck: true })).toMatchObject({
        fields: { exchange: eventsExchange, routingKey: succeededRoutingKey },
      });
      await channel.deleteQueue('analytics.events');
    });
    await session.close();
    await management.deleteUser(user);
  });
});

describe.each([
  {
    user: 'payments',
    refused: [
      ['FLUSHALL'],
      ['FLUSHDB'],
      ['KEYS', '*'],
      ['SCAN', '0'],
      ['CONFIG', 'GET', '*'],
      ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'],
      ['ACL', 'LIST'],
      ['SHUTDOWN', 'NOSAVE'],
      ['SCRIPT', 'FLUSH'],
      ['MONITOR'],
      ['GET', 'of-somebody-else'],
      ['SET', 'of-somebody-else', '1'],
      ['EVAL', "return redis.call('SET', KEYS[1], '1')", '1', 'of-somebody-else'],
      ['EVAL', "return redis.call('FLUSHALL')", '0'],
    ],
  },
  {
    user: 'reconcile',
    refused: [
      ['SET', 'idempotent:payment:abc', '{}'],
      ['DEL', 'idempotent:payment:abc'],
      ['PEXPIRE', 'idempotent:payment:abc', '1'],
      ['EVAL', "return redis.call('SET', KEYS[1], '{}')", '1', 'idempotent:payment:abc'],
      ['EVAL', "return redis.call('DEL', KEYS[1])", '1', 'idempotent:payment:abc'],
      ['FLUSHALL'],
      ['CONFIG', 'GET', '*'],
      ['GET', 'of-somebody-else'],
    ],
  },
])('the documented Redis user $user', ({ user, refused }) => {
  const world = useWorld({ services: 0, own: { redis: true } });
  let client: Redis;

  beforeAll(async () => {
    await world.redis.client.call('ACL', 'SETUSER', user, 'on', `>${PASSWORD}`, ...documentedAcl(user));
    client = new Redis(asUser(world.redis.url, { user, password: PASSWORD }));
  });
  afterAll(() => client.disconnect());

  it.each(refused.map((command) => ({ command, text: command.join(' ') })))(
    'may not $text',
    async ({ command: [name = '', ...args] }) => {
      await expect(client.call(name, ...args)).rejects.toThrow(/NOPERM|ACL failure|can't run this command/);
    },
  );
});
