import { ReplyError, type Cluster, type Redis } from 'ioredis';
import { StoreUnavailableError } from '../../engine/failure';
import type {
  BeginReply,
  BeginRequest,
  CompleteReply,
  CompleteRequest,
  Finding,
  IdempotencyRecord,
  IdempotencyStore,
  LeaseOwner,
  LoadStepsReply,
  ReleaseOptions,
  ScopedKey,
  StoreWarning,
} from '../idempotency-store';
import { deduplicationWindow } from '../deduplication-window';
import { GatheredCalls } from '../gathered-calls';
import { writeRecord } from '../stored-record';
import { pipelining } from './cluster-pipelines';
import { evictionWarning } from './redis-eviction';
import { keyBehind, redisKeys, redisPrefixes, type RedisLayout } from './redis-keys';
import {
  parseBeginReply,
  parseCompleteReply,
  parseExtendReply,
  parseFindReply,
  parseLoadStepsReply,
  parseReleaseReply,
  parseReplaceRecordReply,
  parseSaveStepsReply,
} from './redis-replies';
import { RedisScript, type Argument, type ScriptCall } from './redis-script';
import { scripts } from './scripts';

const BEGIN = new RedisScript(scripts.begin);
const COMPLETE = new RedisScript(scripts.complete);
const EXTEND = new RedisScript(scripts.extend);
const LOAD_STEPS = new RedisScript(scripts.loadSteps);
const SAVE_STEPS = new RedisScript(scripts.saveSteps);
const REPLACE_RECORD = new RedisScript(scripts.replaceRecord);
const RELEASE = new RedisScript(scripts.release);
const FIND = new RedisScript(scripts.find);
const FORGET = new RedisScript(scripts.forget);

/** Names for each SCAN step: so few that other clients do not wait for it. */
const SCAN_BATCH = 1_000;

/**
 * Records and claims in Redis 7 or newer, standalone or Cluster; each step is one script and one round trip. The steps of one
 * turn of the event loop share a round trip, on a Cluster those whose keys are on the same node.
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
  private readonly begins: GatheredCalls<ScriptCall>;
  private readonly completions: GatheredCalls<ScriptCall>;
  private readonly extensions: GatheredCalls<ScriptCall>;
  private readonly loads: GatheredCalls<ScriptCall>;
  private readonly saves: GatheredCalls<ScriptCall>;
  private readonly replacements: GatheredCalls<ScriptCall>;
  private readonly releases: GatheredCalls<ScriptCall>;

  constructor(private readonly client: Redis | Cluster) {
    this.begins = gathered('begin', client, BEGIN);
    this.completions = gathered('complete', client, COMPLETE);
    this.extensions = gathered('extend', client, EXTEND);
    this.loads = gathered('loadSteps', client, LOAD_STEPS);
    this.saves = gathered('saveSteps', client, SAVE_STEPS);
    this.replacements = gathered('replaceRecord', client, REPLACE_RECORD);
    this.releases = gathered('release', client, RELEASE);
  }

  begin(request: BeginRequest): Promise<BeginReply> {
    const { ttlSeconds, leaseMs, clockToleranceMs, ownerToken, fingerprint } = request;
    const { oldestMs, rememberedMs } = deduplicationWindow(ttlSeconds, clockToleranceMs);
    // A claim never lives shorter than its lease, or the fencing tokens would start again with the next owner.
    const lifeMs = Math.max(rememberedMs, leaseMs);
    const shared = [leaseMs, lifeMs, oldestMs, clockToleranceMs ?? '', request.maxAttempts ?? ''];
    const args = [ownerToken, fingerprint ?? '', historyOf(request)];
    return this.begins.run({ keys: this.keys(request), shared, args }, (reply) =>
      parseBeginReply(reply, fingerprint),
    );
  }

  // Async, so that a result that is not JSON rejects the promise like any other error.
  async complete(request: CompleteRequest): Promise<CompleteReply> {
    const { ttlSeconds, ownerToken } = request;
    const { rememberedMs } = deduplicationWindow(ttlSeconds, request.clockToleranceMs);
    const shared = [ttlSeconds, rememberedMs > ttlSeconds * 1000 ? rememberedMs : ''];
    const args = [ownerToken, request.recordText ?? writeRecord(request.record)];
    return this.completions.run({ keys: this.keys(request), shared, args }, parseCompleteReply);
  }

  extend(owner: LeaseOwner, leaseMs: number): Promise<'extended' | 'lost'> {
    const call = { keys: [this.lock(owner)], shared: [leaseMs], args: [owner.ownerToken] };
    return this.extensions.run(call, parseExtendReply);
  }

  loadSteps(owner: LeaseOwner): Promise<LoadStepsReply> {
    const call = { keys: [this.lock(owner)], shared: [], args: [owner.ownerToken] };
    return this.loads.run(call, parseLoadStepsReply);
  }

  saveSteps(owner: LeaseOwner, steps: string): Promise<'saved' | 'lost'> {
    const call = { keys: [this.lock(owner)], shared: [], args: [owner.ownerToken, steps] };
    return this.saves.run(call, parseSaveStepsReply);
  }

  async replaceRecord(
    name: ScopedKey,
    from: IdempotencyRecord,
    to: IdempotencyRecord,
  ): Promise<'replaced' | 'changed'> {
    const args = [writeRecord(from), writeRecord(to)];
    const keys = [redisKeys(name, this.layout).record];
    return this.replacements.run({ keys, shared: [], args }, parseReplaceRecordReply);
  }

  release(owner: LeaseOwner, { counting, backoffMs }: ReleaseOptions): Promise<'released' | 'lost'> {
    const args = [owner.ownerToken, counting, backoffMs ?? 0];
    return this.releases.run({ keys: [this.lock(owner)], shared: [], args }, parseReleaseReply);
  }

  async find(name: ScopedKey): Promise<Finding> {
    return parseFindReply(await this.step('find', () => FIND.run(this.client, this.keys(name), [])));
  }

  async forget(name: ScopedKey): Promise<void> {
    await this.step('forget', () => FORGET.run(this.client, this.keys(name), []));
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

  private keys(name: ScopedKey): readonly [record: string, lock: string] {
    const { record, lock } = redisKeys(name, this.layout);
    return [record, lock];
  }

  private lock(name: ScopedKey): string {
    return redisKeys(name, this.layout).lock;
  }

  private async step<T>(name: string, command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } catch (error) {
      throw failureOf(name, error);
    }
  }
}

/** As the script `begin` takes it: one text, because the number of arguments is what a call costs. */
function historyOf({ requestedAt, waitingSince, forgivenAttempts = 0 }: BeginRequest): string {
  if (!requestedAt && !waitingSince && forgivenAttempts === 0) return '';
  return `${requestedAt?.getTime() ?? ''} ${waitingSince?.getTime() ?? ''} ${forgivenAttempts}`;
}

function gathered(step: string, client: Redis | Cluster, script: RedisScript): GatheredCalls<ScriptCall> {
  return new GatheredCalls({
    send: 'nodes' in client ? pipelining(client, script) : (calls) => script.runAll(client, calls),
    isAlike: (one, other) => isSameList(one.shared, other.shared),
    failureOf: (error) => failureOf(step, error),
  });
}

function isSameList(one: readonly Argument[], other: readonly Argument[]): boolean {
  return one.every((value, place) => value === other[place]);
}

/** Escapes the wildcards of a MATCH pattern. */
function escapeGlob(prefix: string): string {
  return prefix.replace(/[\\*?[\]^]/g, '\\$&');
}

/**
 * An error about what is stored under this one key. Every other error (too many to list) means that Redis is unhealthy, the
 * wrong node or misconfigured: StoreUnavailableError, no work starts.
 */
const ABOUT_THIS_KEY = /^WRONGTYPE\b/;

function failureOf(step: string, error: unknown): unknown {
  return isAboutThisKey(error) ? error : new StoreUnavailableError(step, error);
}

function isAboutThisKey(error: unknown): boolean {
  return error instanceof ReplyError && error instanceof Error && ABOUT_THIS_KEY.test(error.message);
}
