import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { eventually } from '../support/eventually';
import type { Management } from '../support/management';
import type { Sandbox } from '../support/sandbox';
import type { OwnRabbitmq, OwnRedis } from '../support/servers';
import type { Consumer } from './consumer';
import type { CrashPoint } from './crash-point-names';
import { titleOf } from './faults';
import type { Fault } from './faults';
import { burst } from './gateway-faults';
import type { Provocation } from './provocation';
import type { PlannedFault } from './schedule';

export interface Targets {
  consumers: readonly Consumer[];
  redis: OwnRedis;
  redisClient: Redis;
  rabbitmq: OwnRabbitmq;
  management: Management;
  vhost: string;
  sandbox: Sandbox;
  provocation: Provocation;
}

const crashWithinMs = 120_000;
const provokeEveryMs = 1_000;
const policy = 'refuse-copies';

/** Makes things go wrong at their time. Troubles of one thing wait for each other; those of several overlap. */
export class Injector {
  /** How often each happened, by title. */
  readonly counts = new Map<string, number>();
  /** When Redis was made to forget everything. */
  readonly flushes: number[] = [];
  readonly failures: string[] = [];
  private readonly busy = new Map<string, Promise<void>>();

  constructor(private readonly targets: Targets) {}

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
    const target = targetOf(fault);
    const done = (this.busy.get(target) ?? Promise.resolve())
      .then(() => this.carryOut(fault))
      .then(
        () => this.count(fault),
        (error: unknown) => void this.failures.push(`${titleOf(fault)}: ${String(error)}`),
      );
    this.busy.set(target, done);
    return done;
  }

  private count(fault: Fault): void {
    const title = titleOf(fault);
    this.counts.set(title, (this.counts.get(title) ?? 0) + 1);
  }

  private async carryOut(fault: Fault): Promise<void> {
    const { redis, redisClient, rabbitmq, sandbox } = this.targets;
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
      case 'crash':
        return this.crash(this.consumer(fault.consumer), fault.point);
      case 'clock': {
        const consumer = this.consumer(fault.consumer);
        await consumer.kill();
        return consumer.start({ clock: fault.jump });
      }
      case 'redis-killed':
        await redis.kill();
        return redis.restart();
      case 'redis-frozen':
        return this.whileFrozen(redis, fault.forMs);
      case 'redis-flushed':
        return this.flush();
      case 'redis-full':
        await redisClient.config('SET', 'maxmemory', '1');
        await sleep(fault.forMs);
        return untilDone(() => redisClient.config('SET', 'maxmemory', '0'));
      case 'rabbitmq-killed':
        await rabbitmq.kill();
        return rabbitmq.restart();
      case 'rabbitmq-restarted':
        return rabbitmq.restart();
      case 'rabbitmq-frozen':
        return this.whileFrozen(rabbitmq, fault.forMs);
      case 'rabbitmq-refuses-copies':
        return this.refuseCopies(fault.forMs);
      case 'connections-closed':
        return this.closeConnections();
      case 'network': {
        const proxy = this.consumer(fault.consumer).proxy(fault.dependency);
        proxy.begin(fault.trouble);
        await sleep(fault.forMs);
        return proxy.end();
      }
      case 'gateway':
        for (const request of burst(fault.trouble, fault.times)) await sandbox.fault(request);
        return;
    }
  }

  /** A process that will die at the point takes a consumer's place; work that leads there is published until it does. */
  private async crash(consumer: Consumer, point: CrashPoint): Promise<void> {
    await consumer.kill();
    await consumer.start({ crashAt: point });
    const deadline = Date.now() + crashWithinMs;
    while (!consumer.hasCrashed(point)) {
      if (Date.now() > deadline) {
        const state = await consumer.describe();
        throw new Error(`${consumer.name} did not get there within ${crashWithinMs} ms: ${state}`);
      }
      await this.targets.provocation.leadTo(point);
      await eventually(() => consumer.hasCrashed(point), { withinMs: provokeEveryMs }).catch(() => undefined);
    }
    await consumer.start();
  }

  private async whileFrozen(server: OwnRedis, forMs: number): Promise<void> {
    await server.freeze();
    await sleep(forMs);
    await server.thaw();
  }

  private async flush(): Promise<void> {
    await untilDone(async () => {
      // Both ends: what was seen in between may be from before or after.
      this.flushes.push(Date.now());
      await this.targets.redisClient.flushall();
      this.flushes.push(Date.now());
    });
  }

  /** As a queue at its limit does: the copies are not confirmed, and the originals must stay where they are. */
  private async refuseCopies(forMs: number): Promise<void> {
    const { management, vhost } = this.targets;
    const limitTo = (messages: number): Promise<void> => {
      const definition = { 'max-length': messages, overflow: 'reject-publish' };
      return untilDone(() => management.setPolicy(vhost, policy, { pattern: '\\.retry\\.', definition }));
    };
    await limitTo(0);
    await sleep(forMs);
    // Not removed: RabbitMQ 3.10 goes on refusing the same channels when a limit is removed, not when it is raised.
    await limitTo(1_000_000);
  }

  private async closeConnections(): Promise<void> {
    const { management, vhost } = this.targets;
    await untilDone(async () => {
      const connections = await management.connections(vhost);
      const ours = connections.filter(({ user_provided_name: name }) => name === 'payment-consumer');
      // One that ended by itself meanwhile is as good.
      await Promise.allSettled(ours.map(({ name }) => management.closeConnection(String(name))));
    });
  }

  private consumer(position: number): Consumer {
    const consumer = this.targets.consumers[position];
    if (consumer === undefined) throw new Error(`there is no consumer ${position}`);
    return consumer;
  }
}

/** A server that is just away takes no orders either; another fault may have done that. */
async function untilDone(order: () => Promise<unknown>): Promise<void> {
  await eventually(order, { withinMs: 60_000, everyMs: 250 });
}

function targetOf(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
    case 'terminate':
    case 'freeze':
    case 'crash':
    case 'clock':
      return `consumer ${fault.consumer}`;
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
      return 'rabbitmq';
    case 'gateway':
      return 'gateway';
  }
}
