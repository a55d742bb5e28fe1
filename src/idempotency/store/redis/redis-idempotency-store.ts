import { ReplyError, type Cluster, type Redis } from 'ioredis';
import { StoreUnavailableError } from '../../idempotency.errors';
import type {
  BeginReply,
  BeginRequest,
  CompleteReply,
  CompleteRequest,
  Finding,
  IdempotencyStore,
  LeaseOwner,
  ScopedKey,
} from '../idempotency-store';
import { writeRecord } from '../stored-record';
import { keyBehind, redisKeys, redisPrefixes, type RedisKeys, type RedisLayout } from './redis-keys';
import {
  parseBeginReply,
  parseCompleteReply,
  parseExtendReply,
  parseFindReply,
  parseReleaseReply,
} from './redis-replies';
import { RedisScript } from './redis-script';

const BEGIN = new RedisScript('begin.lua');
const COMPLETE = new RedisScript('complete.lua');
const EXTEND = new RedisScript('extend.lua');
const RELEASE = new RedisScript('release.lua');
const FIND = new RedisScript('find.lua');
const FORGET = new RedisScript('forget.lua');

/** Names looked at in one step: few enough that no other client waits for it. */
const SCAN_BATCH = 1_000;

/**
 * Records, leases and attempts in Redis 7 or newer, standalone or Cluster; each step is one script and one round trip.
 *
 * The client must bound its commands (`commandTimeout`), must not queue them while disconnected
 * (`enableOfflineQueue: false`) and must not send one twice (`autoResendUnfulfilledCommands: false`; for a Cluster
 * `retryDelayOnFailover: 0` and `retryDelayOnClusterDown: 0`): a step that nobody waits for any more must not be taken
 * later, and one that was taken would find its own lease in the way.
 *
 * Behind Sentinel and in a Cluster a failover loses what the old master had confirmed but not yet passed on; there
 * the key given to the downstream system is what prevents a second effect.
 */
export class RedisIdempotencyStore implements IdempotencyStore {
  constructor(private readonly client: Redis | Cluster) {}

  async begin(request: BeginRequest): Promise<BeginReply> {
    const { record, lock, attempts } = this.keys(request);
    const reply = await this.step('begin', () =>
      BEGIN.run(
        this.client,
        [record, lock, attempts],
        [
          request.ownerToken,
          request.leaseMs,
          request.ttlSeconds,
          request.fingerprint ?? '',
          request.requestedAt?.getTime() ?? '',
        ],
      ),
    );
    return parseBeginReply(reply, request.fingerprint);
  }

  async complete(request: CompleteRequest): Promise<CompleteReply> {
    const { record, lock, attempts } = this.keys(request);
    const stored = writeRecord(request.record);
    const reply = await this.step('complete', () =>
      COMPLETE.run(this.client, [record, lock, attempts], [request.ownerToken, stored, request.ttlSeconds]),
    );
    return parseCompleteReply(reply);
  }

  async extend(owner: LeaseOwner, leaseMs: number): Promise<'extended' | 'lost'> {
    const { lock, attempts } = this.keys(owner);
    return parseExtendReply(
      await this.step('extend', () => EXTEND.run(this.client, [lock, attempts], [owner.ownerToken, leaseMs])),
    );
  }

  async release(owner: LeaseOwner, counting: 'counted' | 'excused'): Promise<'released' | 'lost'> {
    const { lock, attempts } = this.keys(owner);
    const excused = counting === 'excused' ? '1' : '0';
    return parseReleaseReply(
      await this.step('release', () =>
        RELEASE.run(this.client, [lock, attempts], [owner.ownerToken, excused]),
      ),
    );
  }

  async find(name: ScopedKey): Promise<Finding> {
    const { record, lock, attempts } = this.keys(name);
    return parseFindReply(await this.step('find', () => FIND.run(this.client, [record, lock, attempts], [])));
  }

  async forget(name: ScopedKey): Promise<void> {
    const { record, lock, attempts } = this.keys(name);
    await this.step('forget', () => FORGET.run(this.client, [record, lock, attempts], []));
  }

  async probe(): Promise<void> {
    // A write, because a full, read-only or replica-less server still answers PING.
    await this.step('probe', () => this.client.set('idempotency:probe', '', 'PX', 1000));
  }

  /**
   * The keys of a scope of which something is known, each once, for a person who looks at all of them. Those that come
   * or go meanwhile may be among them or not.
   */
  async keysOf(scope: string): Promise<string[]> {
    const keys = new Set<string>();
    for (const node of 'nodes' in this.client ? this.client.nodes('master') : [this.client]) {
      for (const prefix of redisPrefixes(scope)) await this.scan({ node, prefix, into: keys });
    }
    return [...keys];
  }

  private async scan({ node, prefix, into }: { node: Redis; prefix: string; into: Set<string> }) {
    let cursor = '0';
    do {
      const [next, names] = await this.step('scan', () =>
        node.scan(cursor, 'MATCH', `${literally(prefix)}*`, 'COUNT', SCAN_BATCH),
      );
      for (const name of names) into.add(keyBehind(name.slice(prefix.length), this.layout));
      cursor = next;
    } while (cursor !== '0');
  }

  private get layout(): RedisLayout {
    return this.client.isCluster ? 'cluster' : 'standalone';
  }

  private keys(name: ScopedKey): RedisKeys {
    return redisKeys(name, this.layout);
  }

  private async step<T>(name: string, command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } catch (error) {
      if (isAboutThisKey(error)) throw error;
      throw new StoreUnavailableError(name, error);
    }
  }
}

/** A prefix in which no character stands for others. */
function literally(prefix: string): string {
  return prefix.replace(/[\\*?[\]^]/g, '\\$&');
}

/** Answers by which Redis says that it is not well, or not the one to ask; any other error is about the key or script. */
const SERVER_TROUBLE =
  /^(OOM|READONLY|NOREPLICAS|MISCONF|LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|NOAUTH|NOPERM|WRONGPASS|UNKILLABLE|EXECABORT)\b/;

function isAboutThisKey(error: unknown): boolean {
  return error instanceof ReplyError && error instanceof Error && !SERVER_TROUBLE.test(error.message);
}
