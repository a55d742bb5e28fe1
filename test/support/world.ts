import type { Pool } from 'pg';
import { Broker } from './broker';
import { eventually } from './eventually';
import { freePort } from './free-port';
import { given, onVhost, ownDatabase, vhostName } from './isolation';
import { Management } from './management';
import { gatewayKey } from './payments';
import type { Payment } from './payments';
import { ownDatabase as ownPostgresDatabase } from './postgres-pool';
import type { OwnDatabase } from './postgres-pool';
import { RedisView } from './redis';
import { startSandbox } from './sandbox';
import type { Sandbox, SandboxOptions } from './sandbox';
import { startOwnRabbitmq, startOwnRedis } from './servers';
import type { OwnRabbitmq, OwnRedis } from './servers';
import { startService } from './service';
import type { Service, ServiceOptions } from './service';

export interface WorldOptions {
  /** Number of service processes that start with the world; default 1. */
  services?: number;
  /** Environment of every service. */
  env?: Record<string, string>;
  /** A new database on the PostgreSQL of the suite, as the ledger of every service. */
  ledger?: boolean;
  /**
   * With it the gateway sends signed webhooks to one service: the first that starts, or the next that starts when that has
   * ended.
   */
  webhookSecret?: string;
  /** How the gateway behaves from its start. */
  gateway?: Pick<SandboxOptions, 'settleAfterMs'>;
  /** Private servers, for a spec that kills them; otherwise the servers of the suite are used. */
  own?: { redis?: boolean; rabbitmq?: boolean };
}

const hookTimeoutMs = 120_000;

/**
 * Everything that one spec file needs for itself: a virtual host, a Redis database, a gateway and services. It is started
 * before the first test and stopped after the last one; work that is left over then fails the file.
 */
export function useWorld(options: WorldOptions = {}): World {
  const world = new World(options);
  beforeAll(() => world.start(), hookTimeoutMs);
  afterAll(() => world.stop(), hookTimeoutMs);
  return world;
}

interface Parts {
  management: Management;
  sandbox: Sandbox;
  broker: Broker;
  redis: RedisView;
}

export class World {
  readonly services: Service[] = [];
  private readonly vhost = vhostName();
  private readonly cleanUps: (() => Promise<void>)[] = [];
  private parts: Parts | undefined;
  private readonly own: { redis?: OwnRedis; rabbitmq?: OwnRabbitmq } = {};
  private ledgerDatabase: OwnDatabase | undefined;
  private webhookPort: number | undefined;

  constructor(private readonly options: WorldOptions = {}) {}

  get sandbox(): Sandbox {
    return this.started.sandbox;
  }

  get broker(): Broker {
    return this.started.broker;
  }

  get redis(): RedisView {
    return this.started.redis;
  }

  get redisServer(): OwnRedis {
    return present(this.own.redis, 'a Redis server of its own');
  }

  get rabbitmqServer(): OwnRabbitmq {
    return present(this.own.rabbitmq, 'a RabbitMQ server of its own');
  }

  /** Connections to the database of the ledger. */
  get ledger(): Pool {
    return present(this.ledgerDatabase, 'a ledger').pool;
  }

  /** The first service, for tests that need only one. */
  get service(): Service {
    return this.serviceAt(0);
  }

  /** The service that was started as number `position`, counted from 0. */
  serviceAt(position: number): Service {
    return present(this.services[position], `a service ${position}`);
  }

  async start(): Promise<void> {
    const { own = {}, services = 1 } = this.options;
    if (own.redis) this.own.redis = this.kept(await startOwnRedis(), (server) => server.stop());
    if (own.rabbitmq) this.own.rabbitmq = this.kept(await startOwnRabbitmq(), (server) => server.stop());
    const management = new Management(this.own.rabbitmq?.managementUrl ?? given('RABBITMQ_MANAGEMENT_URL'));
    await management.createVhost(this.vhost);
    this.cleanUps.push(() => management.deleteVhost(this.vhost));
    const url = onVhost(this.own.rabbitmq?.url ?? given('RABBITMQ_URL'), this.vhost);
    const broker = this.kept(new Broker({ url, vhost: this.vhost, management }), (opened) => opened.close());
    const redisUrl = this.own.redis?.url ?? ownDatabase(given('REDIS_URL'));
    const redis = this.kept(new RedisView(redisUrl), (opened) => opened.close());
    await redis.client.flushdb();
    if (this.options.ledger)
      this.ledgerDatabase = this.kept(await ownPostgresDatabase(), (database) => database.remove());
    const sandbox = this.kept(
      await startSandbox({ ...this.options.gateway, ...(await this.webhooks()) }),
      (started) => started.stop(),
    );
    this.parts = { management, sandbox, broker, redis };
    for (let started = 0; started < services; started++) await this.startService();
  }

  /** Chooses the port to which the sandbox sends webhooks. */
  private async webhooks(): Promise<SandboxOptions> {
    const { webhookSecret } = this.options;
    if (webhookSecret === undefined) return {};
    this.webhookPort = await freePort();
    return { webhookUrl: `http://127.0.0.1:${this.webhookPort}/webhooks/stripe`, webhookSecret };
  }

  /** One more service in the same world. */
  async startService(options: Partial<ServiceOptions> = {}): Promise<Service> {
    const { env, webhookSecret } = this.options;
    const takesWebhooks = !this.services.some(({ running, port }) => running && port === this.webhookPort);
    const service = await startService({
      rabbitmqUrl: this.broker.url,
      redisUrl: this.redis.url,
      gatewayUrl: this.sandbox.url,
      name: `service-${this.services.length + 1}`,
      ...(this.webhookPort !== undefined && takesWebhooks && { port: this.webhookPort }),
      ...options,
      env: {
        ...(this.ledgerDatabase && { DATABASE_URL: this.ledgerDatabase.url }),
        ...(webhookSecret !== undefined && { STRIPE_WEBHOOK_SECRET: webhookSecret }),
        ...env,
        ...options.env,
      },
    });
    this.services.push(service);
    return service;
  }

  /** Deletes a queue, like an operator by mistake. */
  async deleteQueue(name: string): Promise<void> {
    await this.started.management.deleteQueue(this.vhost, name);
  }

  /** Publishes a payment that the gateway answers slowly, and resolves when a service works on it. */
  async beginSlowPayment(
    payment: Payment,
    slowness: { ms: number; when?: 'before' | 'after' },
  ): Promise<void> {
    await this.slowDown(payment, slowness);
    await this.broker.publishPayment(payment);
    await eventually(async () => expect(await this.redis.lock(payment.idempotencyKey)).not.toBeNull());
  }

  /** Delays the gateway's next answer for this payment, before or after the charge. */
  async slowDown(
    payment: Payment,
    { ms, when = 'before' }: { ms: number; when?: 'before' | 'after' },
  ): Promise<void> {
    const matching = { idempotencyKey: gatewayKey(payment) };
    await this.sandbox.fault({ kind: 'delay', delayMs: ms, when, matching });
  }

  /** Stops everything, and throws if a service did not exit with 0 or work was left over. */
  async stop(): Promise<void> {
    try {
      await this.endServices();
      // A message in transit from a retry queue to the work queue is in neither, and may arrive without a consumer.
      if (this.services.length > 0 && !(await this.isFinished())) {
        await this.startService();
        await this.endServices();
      }
      if (this.services.length > 0) await this.expectNothingLeft();
    } finally {
      await this.tearDown();
    }
  }

  private async endServices(): Promise<void> {
    const running = this.services.filter(({ running }) => running);
    if (running.length > 0) await eventually(() => this.broker.isDrained());
    const exits = await Promise.all(running.map((service) => service.terminate()));
    expect(exits.filter(({ code }) => code !== 0)).toEqual([]);
  }

  private async isFinished(): Promise<boolean> {
    return Object.keys(await this.broker.unfinished()).length === 0;
  }

  private async expectNothingLeft(): Promise<void> {
    const left = { messages: await this.broker.unfinished(), locks: await this.redis.locks() };
    expect(left).toEqual({ messages: {}, locks: [] });
  }

  /** In reverse order, including what an interrupted start had opened. */
  private async tearDown(): Promise<void> {
    const failures: unknown[] = [];
    for (const cleanUp of this.cleanUps.reverse())
      await cleanUp().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'the world could not be stopped completely');
  }

  private kept<T>(part: T, cleanUp: (part: T) => Promise<void>): T {
    this.cleanUps.push(() => cleanUp(part));
    return part;
  }

  private get started(): Parts {
    return present(this.parts, 'anything: it has not started');
  }
}

function present<T>(part: T | undefined, what: string): T {
  if (part === undefined) throw new Error(`this world does not have ${what}`);
  return part;
}
