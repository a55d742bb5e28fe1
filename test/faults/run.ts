import { join } from 'node:path';
import { Redis } from 'ioredis';
import { step, whileShowing } from '../../scripts/terminal';
import { Broker } from '../support/broker';
import { runFolder } from '../support/isolation';
import { Mailbox } from '../support/mailbox';
import { Management } from '../support/management';
import { gatewayKey } from '../support/payments';
import { startSandbox } from '../support/sandbox';
import type { Sandbox } from '../support/sandbox';
import { startOwnRabbitmq, startOwnRedis } from '../support/servers';
import type { OwnRabbitmq, OwnRedis } from '../support/servers';
import { workQueue } from '../support/topology';
import { consumerCount } from './catalog';
import { Consumer } from './consumer';
import { deadLetterFacts, journalIn, redisFacts } from './evidence';
import { faultCatalog } from './faults';
import type { Dependency } from './faults';
import { standingFaults } from './gateway-faults';
import type { History, Rest } from './history';
import { Injector } from './injector';
import { loadOf } from './load';
import type { PaymentRunOptions } from './options';
import { paymentConsumer } from './payment-consumer';
import { PaymentFaults } from './payment-faults';
import { Provocation } from './provocation';
import { Publisher } from './publisher';
import type { InjectedFaults } from './report';
import { Sampler } from './sampler';
import { scheduleOf } from './schedule';
import { ForeignPublishers } from './foreign-publishers';
import { leftIn, RedeliveryCount, restSince } from './settling';
import { Turns } from './turns';

/** The default virtual host, encoded for URLs. */
const vhost = '%2F';
const confirmedWithinMs = 120_000;

/** What happened in a run: the history that the checker judges, and counts for the report. */
export interface RunFacts extends InjectedFaults {
  history: History;
  redeliveries: number;
  refusedCompletions: number;
  durationMs: number;
}

interface Parts {
  redis: OwnRedis;
  rabbitmq: OwnRabbitmq;
  sandbox: Sandbox;
  journalFile: string;
  redisClient: Redis;
  management: Management;
  broker: Broker;
  mailbox: Mailbox;
  publisher: Publisher;
  consumers: Consumer<Dependency>[];
}

/** Starts everything, runs load and faults, waits until nothing is left to do, and gathers the evidence. */
export async function run(options: PaymentRunOptions): Promise<RunFacts> {
  const parts = await step('servers, gateway and consumers', () => startParts(options));
  const { redisClient, management, sandbox, publisher, consumers } = parts;
  const sampler = new Sampler(redisClient, (count) => publisher.ledger.latestKeys(count));
  const redeliveries = new RedeliveryCount(management, vhost);
  const provocation = new Provocation(publisher, sandbox);
  const foreignPublishers = new ForeignPublishers(publisher, sandbox);
  const turns = new Turns();
  const faults = new PaymentFaults({ ...parts, vhost, provocation, foreignPublishers }, turns);
  const injector = new Injector(faults, turns);
  const startedAt = Date.now();
  sampler.start();
  redeliveries.start();
  const load = loadOf(options);
  const soFar = () =>
    `load and faults: ${publisher.ledger.size} of ${options.operations} payments, ` +
    `${injector.total} of ${options.faults} faults`;
  await whileShowing(soFar, () =>
    Promise.all([
      publisher.publishAll(load, startedAt),
      injector.injectAll(scheduleOf(options, faultCatalog), startedAt),
    ]),
  );
  const endedAt = Date.now();
  const untilRest = async () => {
    await publisher.finish(confirmedWithinMs);
    await sandbox.clearFaults();
    const left = () => leftIn({ ...parts, redis: redisClient, vhost });
    return restSince(left, options.restWithinMs);
  };
  const quietSince = await step('rest after the last fault', untilRest);
  const settledAfterMs = quietSince === undefined ? undefined : Math.max(0, quietSince - endedAt);
  return step('evidence', async () => {
    await sampler.stop();
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    const rest = await restOf(parts, settledAfterMs);
    const facts = {
      history: await historyOf(parts, { sampler, faults, rest }),
      faultCounts: injector.counts,
      faultFailures: injector.failures,
      missedCrashes: injector.missed,
      redeliveries: redeliveries.stop(),
      refusedCompletions: consumers.reduce((sum, consumer) => sum + refusedIn(consumer), 0),
      durationMs: Date.now() - startedAt,
    };
    await stopParts(parts);
    return facts;
  });
}

/** Late results that were refused, by the logs of all its processes. */
function refusedIn({ processes }: Consumer<Dependency>): number {
  return processes.reduce((sum, { output }) => sum + output.split('A late result was refused').length - 1, 0);
}

async function startParts(options: PaymentRunOptions): Promise<Parts> {
  const { seed, build, gatewayKeepsKeys, gatewayLatencyMs, faults } = options;
  const journalFile = join(runFolder(), 'gateway-journal.jsonl');
  const [redis, rabbitmq, mailbox, sandbox] = await Promise.all([
    startOwnRedis(),
    startOwnRabbitmq(),
    // It switches receipts on, so that events have a queue that can be removed.
    Mailbox.open(),
    startSandbox({ journal: journalFile, latencyMs: gatewayLatencyMs }),
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
  const hasOutcome = async (key: string): Promise<boolean> => {
    const lines = await sandbox.journal(gatewayKey({ idempotencyKey: key }));
    return lines.some(({ type }) => type === 'charge' || type === 'decline');
  };
  const publisher = new Publisher({ url: rabbitmq.url, hasOutcome, backlog: () => broker.depth(workQueue) });
  const env = { SMTP_URL: mailbox.url };
  const urls = { redis: redis.url, rabbitmq: rabbitmq.url, gateway: sandbox.url };
  const consumers = await Promise.all(
    Array.from({ length: consumerCount }, (_, position) =>
      Consumer.behindProxies(`consumer-${position}`, paymentConsumer(build, urls, env)),
    ),
  );
  await Promise.all(consumers.map((consumer) => consumer.start()));
  const servers = { redis, rabbitmq, mailbox, sandbox };
  return { ...servers, journalFile, redisClient, management, broker, publisher, consumers };
}

async function restOf({ broker, redisClient }: Parts, settledAfterMs: number | undefined): Promise<Rest> {
  const { locks } = await redisFacts(redisClient);
  return { messages: await broker.unfinished(), locks, settledAfterMs };
}

async function historyOf(
  { publisher, journalFile, redisClient, broker, consumers }: Parts,
  { sampler, faults, rest }: { sampler: Sampler; faults: PaymentFaults; rest: Rest },
): Promise<History> {
  const { records, claims } = await redisFacts(redisClient);
  return {
    published: publisher.ledger.payments,
    hostile: publisher.ledger.hostile,
    journal: await journalIn(journalFile),
    records,
    claims,
    deadLetters: await deadLetterFacts(broker, faults.keptDeadLetters),
    sightings: sampler.sightings,
    flushes: faults.flushes,
    rest,
    ends: consumers.flatMap(({ ends }) => ends),
  };
}

async function stopParts(parts: Parts): Promise<void> {
  const { consumers, broker, redisClient, mailbox, sandbox, rabbitmq, redis } = parts;
  await Promise.all(consumers.map((consumer) => consumer.close()));
  await broker.close();
  redisClient.disconnect();
  await sandbox.stop();
  await Promise.all([rabbitmq.stop(), redis.stop(), mailbox.stop()]);
}
