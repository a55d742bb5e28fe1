import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Server } from '../../scripts/services/server';
import { Broker } from '../support/broker';
import { runFolder } from '../support/isolation';
import { Mailbox } from '../support/mailbox';
import { Management } from '../support/management';
import { gatewayKey } from '../support/payments';
import { privatePostgresql } from '../support/postgres';
import { startSandbox } from '../support/sandbox';
import type { Sandbox } from '../support/sandbox';
import { startOwnRabbitmq, startOwnRedis } from '../support/servers';
import type { OwnRabbitmq, OwnRedis } from '../support/servers';
import { workQueue } from '../support/topology';
import { webhookSecret } from '../support/webhooks';
import { consumerCount } from './catalog';
import { isOutcome } from './checker/gateway';
import { Consumer } from './consumer';
import { EventQueue } from './event-queue';
import type { Dependency } from './faults';
import { standingFaults } from './gateway-faults';
import type { PaymentRunOptions } from './options';
import { paymentConsumer } from './payment-consumer';
import { PaymentDatabase } from './payment-database';
import { Publisher } from './publisher';
import { WebhookForwarder } from './webhook-forwarder';

/** The default virtual host, encoded for URLs. */
export const vhost = '%2F';
/** Long enough for faults between the states of a payment that ends later. */
const settleAfterMs = 3_000;

/** The servers, the gateway, the consumers, and the run's own access to them. */
export interface Parts {
  redis: OwnRedis;
  rabbitmq: OwnRabbitmq;
  postgresql: Server;
  sandbox: Sandbox;
  journalFile: string;
  redisClient: Redis;
  database: PaymentDatabase;
  management: Management;
  broker: Broker;
  mailbox: Mailbox;
  webhooks: WebhookForwarder;
  events: EventQueue;
  publisher: Publisher;
  consumers: Consumer<Dependency>[];
}

export async function startParts(options: PaymentRunOptions): Promise<Parts> {
  const { seed, gatewayKeepsKeys, gatewayLatencyMs, faults } = options;
  const journalFile = join(runFolder(), 'gateway-journal.jsonl');
  const webhooks = await WebhookForwarder.open();
  const [redis, rabbitmq, postgresql, mailbox, sandbox] = await Promise.all([
    startOwnRedis(),
    startOwnRabbitmq(),
    privatePostgresql(),
    // It switches receipts on, so that events have a queue that can be removed.
    Mailbox.open(),
    startSandbox({
      journal: journalFile,
      latencyMs: gatewayLatencyMs,
      settleAfterMs,
      webhookUrl: webhooks.url,
      webhookSecret,
    }),
  ]);
  const standing = faults > 0 ? standingFaults(seed) : [];
  for (const fault of standing) await sandbox.fault(fault);
  if (!gatewayKeepsKeys) await sandbox.fault({ kind: 'ignore-keys', times: 0 });
  const redisClient = new Redis(redis.url, {
    retryStrategy: () => 200,
    commandTimeout: 2_000,
    maxRetriesPerRequest: 0,
  });
  redisClient.on('error', () => undefined);
  const management = new Management(rabbitmq.managementUrl);
  const broker = new Broker({ url: rabbitmq.url, vhost, management });
  const hasOutcome = async (key: string): Promise<boolean> =>
    (await sandbox.journal(gatewayKey({ idempotencyKey: key }))).some(isOutcome);
  const publisher = new Publisher({ url: rabbitmq.url, hasOutcome, backlog: () => broker.depth(workQueue) });
  const servers = { redis, rabbitmq, postgresql, mailbox, sandbox, webhooks };
  const consumers = await startConsumers(servers, options);
  const events = new EventQueue(rabbitmq.url);
  await events.bind();
  const database = new PaymentDatabase(postgresql.url);
  return { ...servers, journalFile, redisClient, database, management, broker, events, publisher, consumers };
}

type Servers = Pick<Parts, 'redis' | 'rabbitmq' | 'postgresql' | 'mailbox' | 'sandbox' | 'webhooks'>;

async function startConsumers(
  { redis, rabbitmq, postgresql, mailbox, sandbox, webhooks }: Servers,
  { build, ledger }: PaymentRunOptions,
): Promise<Consumer<Dependency>[]> {
  const program = paymentConsumer({
    build,
    urls: { redis: redis.url, rabbitmq: rabbitmq.url, gateway: sandbox.url, postgresql: postgresql.url },
    env: { SMTP_URL: mailbox.url },
    ledger,
    webhooks,
  });
  const consumers = await Promise.all(
    Array.from({ length: consumerCount }, (_, position) =>
      Consumer.behindProxies(`consumer-${position}`, program),
    ),
  );
  await Promise.all(consumers.map((consumer) => consumer.start()));
  return consumers;
}

export async function stopParts(parts: Parts): Promise<void> {
  const { consumers, broker, events, redisClient, database } = parts;
  await Promise.all(consumers.map((consumer) => consumer.close()));
  await Promise.all([broker.close(), events.close(), database.close()]);
  redisClient.disconnect();
  const { mailbox, sandbox, webhooks, rabbitmq, redis, postgresql } = parts;
  await sandbox.stop();
  await Promise.all([rabbitmq.stop(), redis.stop(), postgresql.stop(), mailbox.stop(), webhooks.close()]);
}
