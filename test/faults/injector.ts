import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Broker } from '../support/broker';
import type { DeadLetter } from '../support/dead-letter';
import type { Management } from '../support/management';
import type { Sandbox } from '../support/sandbox';
import type { OwnRabbitmq, OwnRedis } from '../support/servers';
import { BrokerFaults } from './broker-faults';
import type { Consumer } from './consumer';
import { crashAt } from './crash';
import type { MissedCrash } from './crash';
import { titleOf } from './faults';
import type { Fault } from './faults';
import { burst } from './gateway-faults';
import type { Provocation } from './provocation';
import type { ForeignPublishers } from './foreign-publishers';
import type { PlannedFault } from './schedule';
import { untilDone } from './until-done';

export interface Targets {
  consumers: readonly Consumer[];
  redis: OwnRedis;
  redisClient: Redis;
  rabbitmq: OwnRabbitmq;
  management: Management;
  vhost: string;
  sandbox: Sandbox;
  provocation: Provocation;
  foreignPublishers: ForeignPublishers;
  broker: Broker;
}

/** Injects each fault at its time. Faults of the same target wait for each other; faults of different targets overlap. */
export class Injector {
  /** How often each happened, by title. */
  readonly counts = new Map<string, number>();
  /** When Redis was flushed; epoch ms. */
  readonly flushes: number[] = [];
  readonly missed: MissedCrash[] = [];
  readonly failures: string[] = [];
  private readonly pending = new Map<string, Promise<void>>();

  private readonly broker: BrokerFaults;

  /** Dead letters that were kept elsewhere when their queue was removed. */
  get keptDeadLetters(): readonly DeadLetter[] {
    return this.broker.keptDeadLetters;
  }

  constructor(private readonly targets: Targets) {
    const { consumers } = targets;
    const allConsumers = consumers.map((_, position) => consumerTarget(position));
    this.broker = new BrokerFaults({
      ...targets,
      whileFrozen: (work) => this.after(allConsumers, () => whileFrozen(consumers, work)),
    });
  }

  async injectAll(schedule: readonly PlannedFault[], startedAt: number): Promise<void> {
    const injected: Promise<void>[] = [];
    for (const { atMs, fault } of schedule) {
      const early = startedAt + atMs - Date.now();
      if (early > 0) await sleep(early);
      injected.push(this.inject(fault));
    }
    await Promise.all(injected);
  }

  private inject(fault: Fault): Promise<void> {
    return this.after([targetOf(fault)], () => this.carryOut(fault)).then(
      (missed) => (missed ? void this.missed.push(missed) : this.count(fault)),
      (error: unknown) => void this.failures.push(`${titleOf(fault)}: ${String(error)}`),
    );
  }

  /** Runs the work after the earlier faults of each target and before the next one. */
  private after<T>(targets: readonly string[], work: () => Promise<T>): Promise<T> {
    const done = Promise.all(targets.map((target) => this.pending.get(target) ?? Promise.resolve())).then(
      work,
    );
    const ended = done.then(
      () => undefined,
      () => undefined,
    );
    for (const target of targets) this.pending.set(target, ended);
    return done;
  }

  private count(fault: Fault): void {
    const title = titleOf(fault);
    this.counts.set(title, (this.counts.get(title) ?? 0) + 1);
  }

  private async carryOut(fault: Fault): Promise<MissedCrash | undefined> {
    if (fault.kind !== 'crash') return void (await this.carryOutOther(fault));
    const consumer = this.consumer(fault.consumer);
    return crashAt(fault.point, { consumer, provocation: this.targets.provocation });
  }

  private async carryOutOther(fault: Exclude<Fault, { kind: 'crash' }>): Promise<void> {
    const { redis, redisClient, rabbitmq, sandbox, foreignPublishers } = this.targets;
    switch (fault.kind) {
      case 'kill': {
        const consumer = this.consumer(fault.consumer);
        await consumer.kill();
        return consumer.start();
      }
      case 'terminate': {
        const consumer = this.consumer(fault.consumer);
        await consumer.terminate();
        return consumer.start();
      }
      case 'freeze': {
        const consumer = this.consumer(fault.consumer);
        consumer.freeze();
        await sleep(fault.forMs);
        return consumer.thaw();
      }
      case 'clock': {
        const consumer = this.consumer(fault.consumer);
        await consumer.kill();
        return consumer.start({ clock: fault.jump });
      }
      case 'redis-killed':
        await redis.kill();
        return redis.restart();
      case 'redis-frozen':
        return this.freezeFor(redis, fault.forMs);
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
        return this.freezeFor(rabbitmq, fault.forMs);
      case 'rabbitmq-refuses-copies':
        return this.broker.refuseCopies(fault.forMs);
      case 'connections-closed':
        return this.broker.closeConnections();
      case 'network': {
        const proxy = this.consumer(fault.consumer).proxy(fault.dependency);
        proxy.begin(fault.trouble);
        await sleep(fault.forMs);
        return proxy.end();
      }
      case 'gateway':
        for (const request of burst(fault.trouble, fault.times)) await sandbox.fault(request);
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

  private async freezeFor(server: OwnRedis, forMs: number): Promise<void> {
    await server.freeze();
    await sleep(forMs);
    await server.thaw();
  }

  private async flush(): Promise<void> {
    await untilDone(async () => {
      // Both before and after: a sighting in between may show either state.
      this.flushes.push(Date.now());
      await this.targets.redisClient.flushall();
      this.flushes.push(Date.now());
    });
  }

  private consumer(position: number): Consumer {
    const consumer = this.targets.consumers[position];
    if (consumer === undefined) throw new Error(`consumer ${position} does not exist`);
    return consumer;
  }
}

async function whileFrozen(consumers: readonly Consumer[], work: () => Promise<void>): Promise<void> {
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
    case 'gateway':
      return 'gateway';
    case 'hostile-headers':
    case 'skewed-clock':
      return 'publishers';
  }
}

function consumerTarget(consumer: number): string {
  return `consumer ${consumer}`;
}
