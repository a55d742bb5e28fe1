import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { RedisScript } from '../../libs/idempotency/src/stores/redis/redis-script';
import { startOwnRedis } from './servers';
import type { OwnRedis } from './servers';

export const scriptFolder = resolve(__dirname, '../../libs/idempotency/src/stores/redis');

export function sourceOf(script: string): string {
  return readFileSync(join(scriptFolder, `${script}.lua`), 'utf8');
}

/** Arguments of `begin` about the age and the attempts of a request. */
type Begin = Partial<Record<'madeAt' | 'tolerance' | 'waiting' | 'most' | 'forgiven', number | ''>>;

let keysTaken = 0;

/** Runs scripts for one idempotency key, with the key names that their headers list. A reply is that of the one call. */
function runnerOn(client: Redis, key = `key-${++keysTaken}`) {
  const names = { record: `record:${key}`, lock: `lock:${key}` };
  const both = [names.record, names.lock];
  const run = (script: string, keys: string[], args: (string | number)[] = []) =>
    new RedisScript(sourceOf(script)).run(client, keys, args);
  const call = async (script: string, keys: string[], args: (string | number)[]) => {
    const replies = await run(script, keys, args);
    if (!Array.isArray(replies) || replies.length !== 1)
      throw new Error(`${script} has no reply for its call`);
    const [reply]: unknown[] = replies;
    if (reply instanceof Error) throw reply;
    return reply;
  };
  return {
    ...names,
    begin: (
      owner: string,
      fingerprint = '',
      { madeAt = '', tolerance = '', waiting = '', most = '', forgiven = 0 }: Begin = {},
    ) => {
      const shared = [10_000, 100_000, 100_000, tolerance, most];
      const history = `${madeAt} ${waiting} ${forgiven}`;
      return call('begin', both, [...shared, owner, fingerprint, history === '  0' ? '' : history]);
    },
    complete: (owner: string, record = '{"result":1}', rememberedMs: number | '' = '') =>
      call('complete', both, [200, rememberedMs, owner, record]),
    extend: (owner: string, leaseMs = 20_000) => call('extend', [names.lock], [leaseMs, owner]),
    loadSteps: (owner: string) => call('load-steps', [names.lock], [owner]),
    saveSteps: (owner: string, steps: string) => call('save-steps', [names.lock], [owner, steps]),
    replaceRecord: (from: string, to: string) => call('replace-record', [names.record], [from, to]),
    release: (owner: string, counting: string, backoffMs = 0) =>
      call('release', [names.lock], [owner, counting, backoffMs]),
    find: () => run('find', both),
    forget: () => run('forget', both),
  };
}

/** A Redis server for the tests of a file, and a runner for its scripts. */
export function useScripts() {
  let server: OwnRedis;
  let client: Redis;
  beforeAll(async () => {
    server = await startOwnRedis();
    client = new Redis(server.url);
  });
  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });
  return {
    get client() {
      return client;
    },
    runner: () => runnerOn(client),
  };
}
