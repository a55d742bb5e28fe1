import { resolve } from 'node:path';
import type { GetMessage } from 'amqplib';
import type { Server } from '../../../scripts/services/server';
import { step, whileShowing } from '../../../scripts/terminal';
import { AmqpSession } from '../../support/amqp-session';
import { NodeProcess } from '../../support/child-process';
import { eventually } from '../../support/eventually';
import { Management } from '../../support/management';
import { privatePostgresql } from '../../support/postgres';
import { startOwnRabbitmq } from '../../support/servers';
import type { OwnRabbitmq } from '../../support/servers';
import { consumerCount } from '../catalog';
import { Consumer } from '../consumer';
import type { ConsumerProgram } from '../consumer';
import type { Rest } from '../history';
import { Injector } from '../injector';
import type { TransferRunOptions } from '../options';
import { scheduleOf } from '../schedule';
import { RedeliveryCount, restSince, unacknowledged } from '../settling';
import { Turns } from '../turns';
import { Bank, bankSettings } from './bank';
import { transferFaultCatalog } from './faults';
import type { TransferDependency } from './faults';
import { InjectedTransferFaults } from './injected';
import { loadOfTransfers } from './load';
import { TransferPublisher } from './publisher';
import type { Notice } from './history';
import type { TransferRunFacts } from './report';
import { isToldEvent, keyHeader, noticeQueue, transferQueue } from './transfer';
import type { ToldEvent } from './transfer';
import { BankWatch } from './watch';

/** The default virtual host, encoded for URLs. */
const vhost = '%2F';
const confirmedWithinMs = 120_000;

interface Parts {
  rabbitmq: OwnRabbitmq;
  postgresql: Server;
  management: Management;
  queue: Queue;
  notices: Queue;
  bank: Bank;
  publisher: TransferPublisher;
  consumers: Consumer<TransferDependency>[];
}

/** Starts everything, runs load and faults, waits until nothing is left to do, and gathers the evidence. */
export async function runTransfers(options: TransferRunOptions): Promise<TransferRunFacts> {
  const parts = await step('servers and consumers', () => startParts(options));
  const { publisher, consumers, bank } = parts;
  const watch = new BankWatch(bank);
  const redeliveries = new RedeliveryCount(parts.management, vhost);
  const turns = new Turns();
  const faults = new InjectedTransferFaults({ ...parts, vhost });
  const injector = new Injector(faults, turns);
  const startedAt = Date.now();
  watch.start();
  redeliveries.start();
  const load = loadOfTransfers(options);
  const schedule = scheduleOf(options, transferFaultCatalog);
  const soFar = () =>
    `load and faults: ${publisher.published.length} of ${options.operations} transfers, ` +
    `${injector.total} of ${options.faults} faults`;
  await whileShowing(soFar, () =>
    Promise.all([publisher.publishAll(load, startedAt), injector.injectAll(schedule, startedAt)]),
  );
  const endedAt = Date.now();
  const quietSince = await step('rest after the last fault', async () => {
    await publisher.finish(confirmedWithinMs);
    return restSince(() => leftToDo(parts), options.restWithinMs);
  });
  const settledAfterMs = quietSince === undefined ? undefined : Math.max(0, quietSince - endedAt);
  return step('evidence', async () => {
    await watch.stop();
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    const processes = consumers.flatMap((consumer) => consumer.processes);
    const facts = {
      history: {
        published: publisher.published,
        looks: watch.looks,
        atRest: await bank.facts(),
        notices: await noticesIn(parts.notices),
        losses: faults.losses,
        told: processes.map(toldBy),
        rest: await restOf(parts, settledAfterMs),
        ends: consumers.flatMap(({ ends }) => ends),
      },
      faultCounts: injector.counts,
      faultFailures: injector.failures,
      missedCrashes: injector.missed,
      redeliveries: redeliveries.stop(),
      durationMs: Date.now() - startedAt,
    };
    await stopParts(parts);
    return facts;
  });
}

async function startParts({ build }: TransferRunOptions): Promise<Parts> {
  const [rabbitmq, postgresql] = await Promise.all([startOwnRabbitmq(), privatePostgresql(bankSettings)]);
  const bank = await Bank.open(postgresql.url);
  const queue = new Queue(rabbitmq.url, transferQueue);
  const notices = new Queue(rabbitmq.url, noticeQueue);
  await Promise.all([queue.declare(), notices.declare()]);
  const publisher = new TransferPublisher({
    url: rabbitmq.url,
    backlog: async () => (await queue.state()).messageCount,
  });
  const program = transferConsumer(build, { rabbitmq: rabbitmq.url, postgresql: postgresql.url });
  const consumers = await Promise.all(
    Array.from({ length: consumerCount }, (_, position) =>
      Consumer.behindProxies(`consumer-${position}`, program),
    ),
  );
  await Promise.all(consumers.map((consumer) => consumer.start()));
  const management = new Management(rabbitmq.managementUrl);
  return { rabbitmq, postgresql, management, queue, notices, bank, publisher, consumers };
}

function transferConsumer(
  build: string,
  urls: Record<TransferDependency, string>,
): ConsumerProgram<TransferDependency> {
  const root = resolve(__dirname, '../../..');
  return {
    urls,
    launch: async ({ name, urls: own, special }) => {
      const env = {
        RABBITMQ_URL: own.rabbitmq,
        DATABASE_URL: own.postgresql,
        BUILD: resolve(root, build),
        ...(special && 'crashAt' in special && { CRASH_AT: special.crashAt }),
      };
      const nodeArgs = ['--require', resolve(root, 'scripts/typescript.js')];
      const process = new NodeProcess('test/faults/transfer/consumer.ts', { name, env, nodeArgs });
      const isReady = async () => process.output.includes('"event":"ready"');
      return { process, isAlive: isReady, isReady, describe: async () => 'it has no report of its own' };
    },
  };
}

function toldBy({ logs }: NodeProcess): ToldEvent[] {
  const lines: unknown[] = logs;
  return lines.filter(isToldEvent);
}

class Queue {
  private readonly session: AmqpSession;

  constructor(
    url: string,
    private readonly name: string,
  ) {
    this.session = new AmqpSession(url);
  }

  /** Not a quorum queue: since RabbitMQ 4 these give a message up that comes back too often. */
  async declare(): Promise<void> {
    await this.session.withChannel((channel) => channel.assertQueue(this.name, { durable: true }));
  }

  state(): Promise<{ messageCount: number; consumerCount: number }> {
    return this.session.withChannel((channel) => channel.checkQueue(this.name));
  }

  /** Takes all of its messages. */
  takeAll(): Promise<GetMessage[]> {
    return this.session.withChannel(async (channel) => {
      const messages: GetMessage[] = [];
      for (;;) {
        const message = await channel.get(this.name, { noAck: true });
        if (message === false) return messages;
        messages.push(message);
      }
    });
  }

  async close(): Promise<void> {
    await this.session.close();
  }
}

async function noticesIn(queue: Queue): Promise<Notice[]> {
  return (await queue.takeAll()).map(({ content, properties }) => {
    const { key } = JSON.parse(content.toString()) as { key: string };
    return { key, messageKey: String(properties.headers?.[keyHeader]) };
  });
}

/** Messages that are ready or unacknowledged, keys in progress and open transactions. */
async function leftToDo({ queue, management, bank }: Parts): Promise<number> {
  const { messageCount } = await queue.state();
  const unfinished = await bank.unfinished();
  return messageCount + (await unacknowledged(management, vhost)) + unfinished.length;
}

/** After all consumers have stopped: only then are the messages that they held back in the queue. */
async function restOf({ queue, bank }: Parts, settledAfterMs: number | undefined): Promise<Rest> {
  await eventually(async () => (await queue.state()).consumerCount === 0);
  const { messageCount } = await queue.state();
  return {
    messages: { [transferQueue]: messageCount },
    locks: await bank.unfinished(),
    settledAfterMs,
  };
}

async function stopParts({ consumers, bank, queue, notices, rabbitmq, postgresql }: Parts): Promise<void> {
  await Promise.all(consumers.map((consumer) => consumer.close()));
  await bank.close();
  await Promise.all([queue.close(), notices.close()]);
  await Promise.all([rabbitmq.stop(), postgresql.stop()]);
}
