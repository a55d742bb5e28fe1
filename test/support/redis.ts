import { Redis } from 'ioredis';
import { CommandWatch } from './command-watch';
import { parseJsonObject } from './json';
import type { JsonObject } from './json';

const scope = 'payment';

/** The two Redis keys of one payment, as in section 6 of the contract. */
export function redisKeys(key: string): { record: string; lock: string } {
  return { record: `idempotent:${scope}:${key}`, lock: `lock:${scope}:${key}` };
}

/** Owner, end of the lease, number of claims; instead of an owner - for a released and = for a finished key. */
const CLAIM = /^(?<owner>\S+) (?<until>\d+) (?<count>\d+) \d+ \d+ /;

/** The token of the lease's owner in the text of a claim; null if no lease is held. Any other text is a foreign lock. */
function ownerIn(claim: string | null | undefined): string | null {
  if (claim === null || claim === undefined) return null;
  const { owner = claim, until } = CLAIM.exec(claim)?.groups ?? {};
  return owner === '-' || owner === '=' || Number(until) < Date.now() ? null : owner;
}

/** How often a payment was claimed. A finished one has no claim any more, and the fencing token in its record says it. */
export function claimsIn(stored: {
  record: string | undefined;
  claim: string | undefined;
}): number | undefined {
  const count = CLAIM.exec(stored.claim ?? '')?.groups?.count;
  const claims: unknown = count ?? parseJsonObject(stored.record ?? '')?.fencingToken;
  return claims === undefined ? undefined : Number(claims);
}

/** The names of all locks that are held. */
export async function heldLocks(redis: Redis): Promise<string[]> {
  const names = await redis.keys('lock:*');
  const claims = names.length === 0 ? [] : await redis.mget(names);
  return names.filter((_, place) => ownerIn(claims[place]) !== null);
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

  /** The token of the lease's owner; null if the payment is not in progress. */
  async lock(key: string): Promise<string | null> {
    return ownerIn(await this.client.get(redisKeys(key).lock));
  }

  /** Remaining TTL in seconds; -1: no expiry, -2: no such key. */
  async ttlSeconds(name: string): Promise<number> {
    return this.client.ttl(name);
  }

  /** The names of all held locks. */
  async locks(): Promise<string[]> {
    return heldLocks(this.client);
  }

  /** Records every command that other clients send to the server from now on. */
  async watchCommands(): Promise<CommandWatch> {
    const address = /\baddr=(\S+)/.exec(String(await this.client.call('CLIENT', 'INFO')))?.[1];
    return CommandWatch.start(this.url, address ?? '');
  }

  async close(): Promise<void> {
    await this.client.quit().catch(() => this.client.disconnect());
  }
}

/** The claim of a payment that was claimed so often and then given up. */
export function givenUp(claims: number): string {
  return `- 0 ${claims} 0 0 ${Date.now()}  `;
}
