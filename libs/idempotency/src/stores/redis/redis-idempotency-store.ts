import { ReplyError, type Cluster, type Redis } from 'ioredis';
import { StoreUnavailableError } from '../../engine/failure';
import type {
  BeginReply,
  BeginRequest,
  CompleteReply,
  CompleteRequest,
  Finding,
  IdempotencyStore,
  LeaseOwner,
  ReleaseOptions,
  ScopedKey,
  StoreWarning,
} from '../idempotency-store';
import { deduplicationWindow } from '../deduplication-window';
import { writeRecord } from '../stored-record';
import { GatheredCalls } from './gathered-calls';
import { evictionWarning } from './redis-eviction';
import { keyBehind, redisKeys, redisPrefixes, type RedisKeys, type RedisLayout } from './redis-keys';
import {
  parseBeginReply,
  parseCompleteReply,
  parseExtendReply,
  parseFindReply,
  parseReleaseReply,
} from './redis-replies';
import { RedisScript, type ScriptCall } from './redis-script';
import { scripts } from './scripts';

const BEGIN = new RedisScript(scripts.begin);
const COMPLETE = new RedisScript(scripts.complete);
const EXTEND = new RedisScript(scripts.extend);
const RELEASE = new RedisScript(scripts.release);
const FIND = new RedisScript(scripts.find);
const FORGET = new RedisScript(scripts.forget);

/** Names for each SCAN step: so few that other clients do not wait for it. */
const SCAN_BATCH = 1_000;

/**
 * Records, leases and attempts in Redis 7 or newer, standalone or Cluster; each step is one script and one round trip.
 * On a standalone server, the steps of one turn of the event loop share a round trip.
 *
 * The client must bound its commands (`commandTimeout`), must not queue them while disconnected
 * (`enableOfflineQueue: false`) and must not send one twice (`autoResendUnfulfilledCommands: false`; for a Cluster
 * `retryDelayOnFailover: 0` and `retryDelayOnClusterDown: 0`): a step that timed out must not run later, and a step that
 * ran twice would be blocked by its own lease.
 *
 * With Sentinel and in a Cluster, a failover loses writes that the old master had confirmed but not yet replicated; then
 * only the key given to the downstream system prevents a second effect.
 *
 * @example
 * const redis = new Redis(url, {
 *   commandTimeout: 1_000,
 *   enableOfflineQueue: false,
 *   autoResendUnfulfilledCommands: false,
 * });
 * IdempotencyModule.forRoot({ store: new RedisIdempotencyStore(redis), ttlSeconds: 86_400, leaseMs: 30_000 })
 */
export class RedisIdempotencyStore implements IdempotencyStore {
  private readonly begins: StepCalls;
  private readonly completions: StepCalls;
  private readonly extensions: StepCalls;
  private readonly releases: StepCalls;

  constructor(private readonly client: Redis | Cluster) {
    this.begins = stepCalls('begin', client, BEGIN);
    this.completions = stepCalls('complete', client, COMPLETE);
    this.extensions = stepCalls('extend', client, EXTEND);
    this.releases = stepCalls('release', client, RELEASE);
  }

  begin(request: BeginRequest): Promise<BeginReply> {
    const { ownerToken, leaseMs, fingerprint = '', requestedAt, waitingSince, clockToleranceMs } = request;
    const { record, lock, attempts } = this.keys(request);
    const { oldestMs, rememberedMs } = deduplicationWindow(request.ttlSeconds, clockToleranceMs);
    const life = [ownerToken, leaseMs, rememberedMs, fingerprint];
    const age = [
      requestedAt?.getTime() ?? '',
      oldestMs,
      clockToleranceMs ?? '',
      waitingSince?.getTime() ?? '',
    ];
    const args = [...life, ...age, request.maxAttempts ?? '', request.forgivenAttempts ?? 0];
    return this.begins({ keys: [record, lock, attempts], args }, (reply) =>
      parseBeginReply(reply, request.fingerprint),
    );
  }

  // Async, so that a result that is not JSON rejects the promise like any other error.
  async complete(request: CompleteRequest): Promise<CompleteReply> {
    const { record, lock, attempts } = this.keys(request);
    const { rememberedMs } = deduplicationWindow(request.ttlSeconds, request.clockToleranceMs);
    const args = [request.ownerToken, writeRecord(request.record), request.ttlSeconds, rememberedMs];
    return this.completions({ keys: [record, lock, attempts], args }, parseCompleteReply);
  }

  extend(owner: LeaseOwner, leaseMs: number): Promise<'extended' | 'lost'> {
    const { lock, attempts } = this.keys(owner);
    const args = [owner.ownerToken, leaseMs];
    return this.extensions({ keys: [lock, attempts], args }, parseExtendReply);
  }

  release(owner: LeaseOwner, { counting, backoffMs }: ReleaseOptions): Promise<'released' | 'lost'> {
    const { lock, attempts } = this.keys(owner);
    const args = [owner.ownerToken, counting, backoffMs ?? ''];
    return this.releases({ keys: [lock, attempts], args }, parseReleaseReply);
  }

  async find(name: ScopedKey): Promise<Finding> {
    const { record, lock, attempts } = this.keys(name);
    const keys = [record, lock, attempts];
    return parseFindReply(await this.step('find', () => FIND.run(this.client, { keys, args: [] })));
  }

  async forget(name: ScopedKey): Promise<void> {
    const { record, lock, attempts } = this.keys(name);
    await this.step('forget', () => FORGET.run(this.client, { keys: [record, lock, attempts], args: [] }));
  }

  async probe(): Promise<readonly StoreWarning[]> {
    return this.step('probe', async () => {
      // A write, because a full, read-only or replica-less server still answers PING.
      const written = this.client.set('idempotency:probe', '', 'PX', 1000);
      const [warnings] = await Promise.all([Promise.all(this.masters().map(evictionWarning)), written]);
      return warnings.filter((warning) => warning !== undefined);
    });
  }

  /**
   * All stored keys of a scope, each once, for reports to operators. Keys that are added or removed meanwhile may be among
   * them or not.
   */
  async keysOf(scope: string): Promise<string[]> {
    const keys = new Set<string>();
    // The client adds its prefix to the names in commands, but not to a pattern, and does not take it off what it finds.
    const { keyPrefix = '' } = this.client.options;
    for (const node of this.masters()) {
      for (const prefix of redisPrefixes(scope))
        await this.scan({ node, prefix: keyPrefix + prefix, into: keys });
    }
    return [...keys];
  }

  private async scan({ node, prefix, into }: { node: Redis; prefix: string; into: Set<string> }) {
    let cursor = '0';
    do {
      const [next, names] = await this.step('scan', () =>
        node.scan(cursor, 'MATCH', `${escapeGlob(prefix)}*`, 'COUNT', SCAN_BATCH),
      );
      for (const name of names) into.add(keyBehind(name.slice(prefix.length), this.layout));
      cursor = next;
    } while (cursor !== '0');
  }

  /** The server, or all masters of the Cluster: a key may be on any of them. */
  private masters(): Redis[] {
    return 'nodes' in this.client ? this.client.nodes('master') : [this.client];
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
      throw failureOf(name, error);
    }
  }
}

type StepCalls = <Reply>(call: ScriptCall, parse: (reply: unknown) => Reply) => Promise<Reply>;

/** Only a standalone server gets gathered calls: on a Cluster, the keys of two idempotency keys rarely share a slot. */
function stepCalls(step: string, client: Redis | Cluster, script: RedisScript): StepCalls {
  const failure = (error: unknown) => failureOf(step, error);
  if (!('nodes' in client)) {
    const gathered = new GatheredCalls(client, script, failure);
    return (call, parse) => gathered.run(call, parse);
  }
  return async (call, parse) => {
    const reply = await script.run(client, call).catch((error: unknown) => {
      throw failure(error);
    });
    return parse(reply);
  };
}

/** Escapes the wildcards of a MATCH pattern. */
function escapeGlob(prefix: string): string {
  return prefix.replace(/[\\*?[\]^]/g, '\\$&');
}

/**
 * Errors about what is stored under this one key; `UNREADABLE` comes from our scripts. Every other error (too many to list)
 * means that Redis is unhealthy, the wrong node or misconfigured: StoreUnavailableError, no work starts.
 */
const ABOUT_THIS_KEY = /^(WRONGTYPE|UNREADABLE)\b/;

function failureOf(step: string, error: unknown): unknown {
  return isAboutThisKey(error) ? error : new StoreUnavailableError(step, error);
}

function isAboutThisKey(error: unknown): boolean {
  return error instanceof ReplyError && error instanceof Error && ABOUT_THIS_KEY.test(error.message);
}
