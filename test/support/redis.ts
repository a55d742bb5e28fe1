import { Redis } from 'ioredis';
import { parseJsonObject } from './json';
import type { JsonObject } from './json';

const scope = 'payment';

/** The three Redis keys of one payment, by their names in section 6 of the contract. */
export function redisKeys(key: string): { record: string; lock: string; attempts: string } {
  return {
    record: `idempotent:${scope}:${key}`,
    lock: `lock:${scope}:${key}`,
    attempts: `attempts:${scope}:${key}`,
  };
}

/** The test's own view of the service's Redis database. */
export class RedisView {
  readonly client: Redis;

  constructor(readonly url: string) {
    this.client = new Redis(url, { lazyConnect: true, retryStrategy: () => 200 });
    this.client.on('error', () => undefined);
  }

  /** The record's JSON; undefined when there is none. */
  async record(key: string): Promise<JsonObject | undefined> {
    const text = await this.client.get(redisKeys(key).record);
    return text === null ? undefined : parseJsonObject(text);
  }

  /** The record as it is stored, to the byte. */
  async recordText(key: string): Promise<string | null> {
    return this.client.get(redisKeys(key).record);
  }

  /** The token of the lease's owner; null when nobody holds it. */
  async lock(key: string): Promise<string | null> {
    return this.client.get(redisKeys(key).lock);
  }

  /** Remaining life in seconds, -1 for eternal, -2 for none. */
  async ttlSeconds(name: string): Promise<number> {
    return this.client.ttl(name);
  }

  /** Locks that somebody holds. */
  async locks(): Promise<string[]> {
    return this.client.keys('lock:*');
  }

  /** From now on every command that any client but this one sends to the server is on record. */
  async watchCommands(): Promise<CommandWatch> {
    return CommandWatch.start(this.client);
  }

  async close(): Promise<void> {
    await this.client.quit().catch(() => this.client.disconnect());
  }
}

/** What clients sent; commands inside scripts are not among it. */
export class CommandWatch {
  private readonly commands: string[][] = [];

  private constructor(
    private readonly monitor: Redis,
    private readonly ownAddress: string,
  ) {}

  static async start(own: Redis): Promise<CommandWatch> {
    const address = /\baddr=(\S+)/.exec(String(await own.call('CLIENT', 'INFO')))?.[1] ?? '';
    const watch = new CommandWatch(await own.monitor(), address);
    watch.monitor.on('monitor', (_time: unknown, command: string[], source: string) => {
      if (source !== 'lua' && source !== watch.ownAddress) watch.commands.push(command);
    });
    return watch;
  }

  naming(key: string): string[][] {
    return this.commands.filter((command) => command.includes(key));
  }

  stop(): void {
    this.monitor.disconnect();
  }
}

/** As Redis has the attempts of a payment that was begun so often and given up. */
export function givenUp(attempts: number): string {
  return `${attempts} 0 0 ${Date.now()}  r `;
}
