import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { startOwnRedis } from './servers';
import type { OwnRedis } from './servers';

export const scriptFolder = resolve(__dirname, '../../libs/idempotency/src/stores/redis');

export function sourceOf(script: string): string {
  return readFileSync(join(scriptFolder, `${script}.lua`), 'utf8');
}

/** Arguments of `begin` about the age and the attempts of a request. */
type Begin = Partial<Record<'madeAt' | 'tolerance' | 'waiting' | 'most' | 'forgiven', number | ''>>;

let keysTaken = 0;

/** Runs scripts for one idempotency key, with the key names that their headers list. */
function runnerOn(client: Redis, key = `key-${++keysTaken}`) {
  const names = { record: `record:${key}`, lock: `lock:${key}`, attempts: `attempts:${key}` };
  const all = [names.record, names.lock, names.attempts];
  const own = [names.lock, names.attempts];
  const run = (script: string, keys: string[], args: (string | number)[] = []) =>
    client.eval(sourceOf(script), keys.length, ...keys, ...args);
  return {
    ...names,
    begin: (
      owner: string,
      fingerprint = '',
      { madeAt = '', tolerance = '', waiting = '', most = '', forgiven = 0 }: Begin = {},
    ) =>
      run('begin', all, [
        owner,
        10_000,
        100_000,
        fingerprint,
        madeAt,
        100_000,
        tolerance,
        waiting,
        most,
        forgiven,
      ]),
    complete: (owner: string, record = '{"result":1}') => run('complete', all, [owner, record, 200, 200_000]),
    extend: (owner: string, leaseMs = 20_000) => run('extend', own, [owner, leaseMs]),
    release: (owner: string, counting: string, backoffMs: number | '' = '') =>
      run('release', own, [owner, counting, backoffMs]),
    find: () => run('find', all),
    forget: () => run('forget', all),
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
