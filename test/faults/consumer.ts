import { resolve } from 'node:path';
import { eventually } from '../support/eventually';
import { startService } from '../support/service';
import type { Service } from '../support/service';
import { farewell } from './crash-point-names';
import type { CrashPoint } from './crash-point-names';
import { clockJumps, dependencies } from './faults';
import type { ClockJump, Dependency } from './faults';
import type { ConsumerEnd } from './history';
import { FaultyProxy } from './proxy';

export interface ConsumerSettings {
  build: string;
  urls: Record<Dependency, string>;
  /** For every process of the run, in addition to the variables that all runs share. */
  env: Record<string, string>;
}

/** Short times, so that many of them elapse during a run. */
const env = {
  APP_ROLES: 'consumer',
  IDEMPOTENCY_LEASE: '2',
  STRIPE_TIMEOUT: '4',
  RABBITMQ_PREFETCH: '20',
  // A run causes more failures in a minute than a gateway in a year.
  PAYMENT_MAX_ATTEMPTS: '20',
  SHUTDOWN_TIMEOUT: '8',
  LOG_LEVEL: 'warn',
};
/** Long enough for a busy machine. Before the process is alive it has no handler for SIGTERM. */
const aliveWithinMs = 120_000;
const readyWithinMs = 30_000;

/** What is different about one process. */
export type Special = { crashAt: CrashPoint } | { clock: ClockJump };

/** A slot for a consumer process, with its own proxies. A process that dies, for whatever reason, is replaced. */
export class Consumer {
  readonly ends: ConsumerEnd[] = [];
  /** Late results that were refused, counted in the logs of the processes. */
  refusedCompletions = 0;
  private service: Service | undefined;
  private special: Special | undefined;
  /** Pending while a process that exited unasked is being replaced. */
  private replacement: Promise<void> = Promise.resolve();
  /** Processes that the run stops or kills. */
  private readonly askedToEnd = new WeakSet<Service>();
  /** While a fault holds this slot, that fault starts the next process. */
  private held = false;
  private stopped = false;

  private constructor(
    readonly name: string,
    private readonly settings: ConsumerSettings,
    private readonly proxies: Record<Dependency, FaultyProxy>,
  ) {}

  static async behindProxies(name: string, settings: ConsumerSettings): Promise<Consumer> {
    const { redis, rabbitmq, gateway } = settings.urls;
    const proxies = {
      redis: await FaultyProxy.inFrontOf(redis),
      rabbitmq: await FaultyProxy.inFrontOf(rabbitmq),
      gateway: await FaultyProxy.inFrontOf(gateway),
    };
    return new Consumer(name, settings, proxies);
  }

  proxy(dependency: Dependency): FaultyProxy {
    return this.proxies[dependency];
  }

  /** Starts a process in place of the ended one, and waits a limited time until it is ready. */
  async start(special?: Special): Promise<void> {
    await this.replacement;
    this.held = false;
    await this.launch(special);
  }

  private async launch(special: Special | undefined): Promise<void> {
    const { build, urls } = this.settings;
    this.special = special;
    const { variables, nodeArgs } = howToStart(special);
    const service = await startService({
      redisUrl: this.proxies.redis.urlFor(urls.redis),
      rabbitmqUrl: this.proxies.rabbitmq.urlFor(urls.rabbitmq),
      // The gateway's address must have no path.
      gatewayUrl: this.proxies.gateway.urlFor(urls.gateway).replace(/\/$/, ''),
      name: this.name,
      build,
      waitFor: 'none',
      env: { ...env, ...this.settings.env, ...variables },
      nodeArgs,
    });
    this.service = service;
    void service.exited.then((exit) => this.ended(service, exit));
    await this.until(service, '/health/live', aliveWithinMs);
    // While a dependency is unavailable the process is not ready; the run does not wait for that.
    await this.until(service, '/health/ready', readyWithinMs);
  }

  private async until(service: Service, path: string, withinMs: number): Promise<void> {
    const answers = () => !service.running || service.answers(path, 200);
    await eventually(answers, { withinMs, everyMs: 200 }).catch(() => undefined);
  }

  async kill(): Promise<void> {
    const service = await this.hold();
    if (service) await service.kill();
  }

  /** Asks the process to stop and records how it exited. */
  async terminate(): Promise<void> {
    const service = await this.hold();
    if (!service?.running) return;
    const { code, signal } = await service.terminate();
    this.keepEnd(service, { how: 'asked', code, signal });
  }

  freeze(): void {
    this.service?.freeze();
  }

  thaw(): void {
    this.service?.thaw();
  }

  /** Whether the process reached its crash point and died there. */
  hasCrashed(point: CrashPoint): boolean {
    return this.service?.running === false && this.service.output.includes(farewell(point));
  }

  /** Whether it processes messages now. */
  async isReady(): Promise<boolean> {
    const { service } = this;
    return service?.running === true && service.answers('/health/ready', 200);
  }

  /** Its own report of its state: shows why it does nothing. */
  async describe(): Promise<string> {
    const { service } = this;
    if (!service) return 'it has not been started';
    const readiness = await service.get('/health/ready').catch((error: unknown) => String(error));
    return `${JSON.stringify(readiness)}; it printed: ${lastOutputOf(service)}`;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.terminate();
  }

  async close(): Promise<void> {
    await this.kill();
    await Promise.all(dependencies.map((dependency) => this.proxies[dependency].close()));
  }

  /** From here on the process may end, and it is not replaced before the next `start`. */
  private async hold(): Promise<Service | undefined> {
    this.held = true;
    await this.replacement;
    if (this.service?.running) this.askedToEnd.add(this.service);
    return this.service;
  }

  private ended(service: Service, { code, signal }: { code: number | null; signal: string | null }): void {
    this.refusedCompletions += service.output.split('A late result was refused').length - 1;
    const { special } = this;
    const crashed = special !== undefined && 'crashAt' in special && this.hasCrashed(special.crashAt);
    const asIntended = this.askedToEnd.has(service) || crashed || this.stopped;
    if (asIntended && !service.crashed) return;
    this.keepEnd(service, { how: 'unasked', code, signal });
    if (this.held || asIntended) return;
    // The replacement gets the same crash point or clock; otherwise a fault would wait for a crash that cannot happen.
    this.replacement = this.launch(special).catch((error: unknown) =>
      this.keepEnd(service, {
        how: 'unasked',
        code,
        signal: `and could not be replaced: ${String(error)}`,
      }),
    );
  }

  private keepEnd(service: Service, end: Pick<ConsumerEnd, 'how' | 'code' | 'signal'>): void {
    this.ends.push({ consumer: this.name, ...end, lastOutput: lastOutputOf(service) });
  }
}

function lastOutputOf({ output }: Service): string {
  return output.split('\n').slice(-3).join(' | ');
}

function howToStart(special: Special | undefined): { variables: Record<string, string>; nodeArgs: string[] } {
  if (special === undefined) return { variables: {}, nodeArgs: [] };
  if ('crashAt' in special)
    return { variables: { CRASH_AT: special.crashAt }, nodeArgs: loading('crash-points.ts') };
  return {
    variables: { CLOCK_JUMP_MS: String(clockJumps[special.clock]) },
    nodeArgs: loading('clock-jump.ts'),
  };
}

/** The arguments that make Node.js load a module of this folder before the service. */
function loading(file: string): string[] {
  return [resolve(__dirname, '../../scripts/typescript.js'), resolve(__dirname, file)].flatMap((module) => [
    '--require',
    module,
  ]);
}
