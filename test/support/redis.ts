import { Redis } from 'ioredis';
import { parseJsonObject } from './json';
import type { JsonObject } from './json';

const scope = 'payment';

/** The three Redis keys of one payment, as in section 6 of the contract. */
export function redisKeys(key: string): { record: string; lock: string; attempts: string } {
  return {
    record: `idempotent:${scope}:${key}`,
    lock: `lock:${scope}:${key}`,
    attempts: `attempts:${scope}:${key}`,
  };
}

/** The test's own access to the service's Redis database. */
export class RedisView {
  readonly client: Redis;

  constructor(readonly url: string) {
    this.client = new Redis(url, { lazyConnect: true, retryStrategy: () => 200 });
    this.client.on('error', () => undefined);
  }

  /** The record's JSON; undefined if there is no record. */
  async record(key: string): Promise<JsonObject | undefined> {
    const text = await this.client.get(redisKeys(key).record);
    return text === null ? undefined : parseJsonObject(text);
  }

  /** The stored text of the record. */
  async recordText(key: string): Promise<string | null> {
    return this.client.get(redisKeys(key).record);
  }

  /** The token of the lease's owner; null if the lease is free. */
  async lock(key: string): Promise<string | null> {
    return this.client.get(redisKeys(key).lock);
  }

  /** Remaining TTL in seconds; -1: no expiry, -2: no such key. */
  async ttlSeconds(name: string): Promise<number> {
    return this.client.ttl(name);
  }

  /** The names of all held locks. */
  async locks(): Promise<string[]> {
    return this.client.keys('lock:*');
  }

  /** Records every command that other clients send to the server from now on. */
  async watchCommands(): Promise<CommandWatch> {
    return CommandWatch.start(this.client);
  }

  async close(): Promise<void> {
    await this.client.quit().catch(() => this.client.disconnect());
  }
}

/** Commands that clients sent, without those inside scripts. */
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

/** The stored attempts of a payment that was claimed so often and then given up. */
export function givenUp(attempts: number): string {
  return `${attempts} 0 0 ${Date.now()}  r `;
}
