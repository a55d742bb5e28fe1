import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Broker } from '../support/broker';
import type { DeadLetter } from '../support/dead-letter';
import type { Management } from '../support/management';
import type { Sandbox } from '../support/sandbox';
import type { OwnRabbitmq, OwnRedis } from '../support/servers';
import type { Server } from '../../scripts/services/server';
import { BrokerFaults } from './broker-faults';
import type { Consumer } from './consumer';
import { consumerAt, consumerTarget, disturbFor, freezeFor, killAndReplace } from './consumer-faults';
import { crashAt } from './crash';
import type { MissedCrash } from './crash';
import { titleOf } from './faults';
import type { Dependency, Fault } from './faults';
import { burst, webhookBurst } from './gateway-faults';
import type { Faults } from './injector';
import type { PaymentDatabase } from './payment-database';
import type { Provocation } from './provocation';
import type { ForeignPublishers } from './foreign-publishers';
import type { Turns } from './turns';
import { untilDone } from './until-done';

export interface Targets {
  consumers: readonly Consumer<Dependency>[];
  redis: OwnRedis;
  redisClient: Redis;
  rabbitmq: OwnRabbitmq;
  postgresql: Server;
  database: PaymentDatabase;
  management: Management;
  vhost: string;
  sandbox: Sandbox;
  provocation: Provocation;
  foreignPublishers: ForeignPublishers;
  broker: Broker;
}

/** The faults of the payment service, its servers and those who use them. */
export class PaymentFaults implements Faults<Fault> {
  /** When Redis was flushed; epoch ms. */
  readonly flushes: number[] = [];
  readonly titleOf = titleOf;
  readonly targetOf = targetOf;
  private readonly broker: BrokerFaults;

  /** Dead letters that were kept elsewhere when their queue was removed. */
  get keptDeadLetters(): readonly DeadLetter[] {
    return this.broker.keptDeadLetters;
  }

  constructor(
    private readonly targets: Targets,
    turns: Turns,
  ) {
    const { consumers } = targets;
    const allConsumers = consumers.map((_, position) => consumerTarget(position));
    this.broker = new BrokerFaults({
      ...targets,
      whileFrozen: (work) => turns.after(allConsumers, () => whileFrozen(consumers, work)),
    });
  }

  async carryOut(fault: Fault): Promise<MissedCrash | undefined> {
    if (fault.kind !== 'crash') return void (await this.carryOutOther(fault));
    const consumer = this.consumer(fault.consumer);
    return crashAt(fault.point, { consumer, provocation: this.targets.provocation });
  }

  private async carryOutOther(fault: Exclude<Fault, { kind: 'crash' }>): Promise<void> {
    const { redis, redisClient, rabbitmq, postgresql, database, sandbox, foreignPublishers } = this.targets;
    switch (fault.kind) {
      case 'kill':
        return killAndReplace(this.consumer(fault.consumer));
      case 'terminate': {
        const consumer = this.consumer(fault.consumer);
        await consumer.terminate();
        return consumer.start();
      }
      case 'freeze':
        return freezeFor(this.consumer(fault.consumer), fault.forMs);
      case 'clock':
        return killAndReplace(this.consumer(fault.consumer), { clock: fault.jump });
      case 'redis-killed':
        await redis.kill();
        return redis.restart();
      case 'redis-frozen':
        return freezeFor(redis, fault.forMs);
      case 'redis-flushed':
        return this.flush();
      case 'redis-full':
        await untilDone(() => redisClient.config('SET', 'maxmemory', '1'));
        await sleep(fault.forMs);
        return untilDone(() => redisClient.config('SET', 'maxmemory', '0'));
      case 'rabbitmq-killed':
        await rabbitmq.kill();
        return rabbitmq.restart();
      case 'rabbitmq-restarted':
        return rabbitmq.restart();
      case 'rabbitmq-frozen':
        return freezeFor(rabbitmq, fault.forMs);
      case 'rabbitmq-refuses-copies':
        return this.broker.refuseCopies(fault.forMs);
      case 'connections-closed':
        return this.broker.closeConnections();
      case 'postgresql-killed':
        await postgresql.kill();
        return postgresql.restart();
      case 'postgresql-frozen':
        return freezeFor(postgresql, fault.forMs);
      case 'sessions-ended':
        return untilDone(() => database.endSessions());
      case 'network': {
        const { dependency, trouble, forMs } = fault;
        return disturbFor(this.consumer(fault.consumer).proxy(dependency), trouble, forMs);
      }
      case 'gateway':
        for (const request of burst(fault.trouble, fault.times)) await sandbox.fault(request);
        return;
      case 'webhooks':
        for (const request of webhookBurst(fault.trouble, fault.times)) await sandbox.fault(request);
        return;
      case 'hostile-headers':
        return foreignPublishers.publishWithHeaders(fault.headers);
      case 'shared-ids':
        return this.broker.whileRemoved('retry queues', () => foreignPublishers.publishSharingIds());
      case 'skewed-clock':
        return foreignPublishers.publishByClock(fault.clock);
      case 'queue-removed':
        return this.broker.whileRemoved(fault.what, () => foreignPublishers.publishForEachQueue());
      default:
        return fault satisfies never;
    }
  }

  private async flush(): Promise<void> {
    await untilDone(async () => {
      // Both before and after: a sighting in between may show either state.
      this.flushes.push(Date.now());
      await this.targets.redisClient.flushall();
      this.flushes.push(Date.now());
    });
  }

  private consumer(position: number): Consumer<Dependency> {
    return consumerAt(this.targets.consumers, position);
  }
}

async function whileFrozen(consumers: readonly Consumer<string>[], work: () => Promise<void>): Promise<void> {
  for (const consumer of consumers) consumer.freeze();
  try {
    await work();
  } finally {
    for (const consumer of consumers) consumer.thaw();
  }
}

function targetOf(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
    case 'terminate':
    case 'freeze':
    case 'crash':
    case 'clock':
      return consumerTarget(fault.consumer);
    case 'network':
      return `network ${fault.consumer} ${fault.dependency}`;
    case 'redis-killed':
    case 'redis-frozen':
    case 'redis-flushed':
    case 'redis-full':
      return 'redis';
    case 'rabbitmq-killed':
    case 'rabbitmq-restarted':
    case 'rabbitmq-frozen':
    case 'rabbitmq-refuses-copies':
    case 'connections-closed':
    case 'shared-ids':
    case 'queue-removed':
      return 'rabbitmq';
    case 'postgresql-killed':
    case 'postgresql-frozen':
    case 'sessions-ended':
      return 'postgresql';
    case 'gateway':
      return 'gateway';
    case 'webhooks':
      return 'webhooks';
    case 'hostile-headers':
    case 'skewed-clock':
      return 'publishers';
  }
}
