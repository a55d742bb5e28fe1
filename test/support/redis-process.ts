import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findRedisServer } from '../../scripts/services/machine';
import { answersRedis } from '../../scripts/services/probes';
import { programHost, startServer } from '../../scripts/services/server';
import { eventually } from './eventually';
import { runFolder } from './isolation';
import type { OwnRedis } from './servers';

/** One `redis-server`: a node of a cluster, a server that sentinels watch, or a sentinel. */
export interface RedisProcess extends OwnRedis {
  readonly port: number;
  /** The test's own connection, independent of the code under test. */
  readonly client: Redis;
}

/** Starts the `redis-server` of this machine on a port; it ends with the spec, however the spec ends. */
export async function startRedisProcess(port: number, args: readonly string[]): Promise<RedisProcess> {
  const command = findRedisServer();
  if (command === undefined)
    throw new Error('redis-server is not installed; the package redis-server has it');
  const directory = join(runFolder(), `redis-${port}`);
  mkdirSync(directory, { recursive: true });
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory];
  const host = programHost({ name: 'redis', command, args: [...args, ...own], directory });
  const url = `redis://127.0.0.1:${port}`;
  const server = await startServer({
    what: `Redis on port ${port}`,
    host,
    url,
    isReady: () => answersRedis(url),
  });
  // ioredis waits so long for the end of a connection, even if its server is gone.
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => 100, disconnectTimeout: 100 });
  client.on('error', () => undefined);
  return {
    ...server,
    port,
    client,
    stop: async () => {
      client.disconnect();
      await server.stop();
    },
  };
}

export async function stopAll(processes: readonly RedisProcess[]): Promise<void> {
  await Promise.all(processes.map((process) => process.stop()));
}

/** A field of `INFO`. */
export async function infoField(client: Redis, field: string): Promise<string | undefined> {
  const line = (await client.info()).split('\r\n').find((candidate) => candidate.startsWith(`${field}:`));
  return line?.slice(field.length + 1);
}

/** Waits until all writes that the master has confirmed have reached its replica. */
export async function expectReplicated(master: RedisProcess, replica: RedisProcess): Promise<void> {
  const offset = Number(await infoField(master.client, 'master_repl_offset'));
  await eventually(async () => {
    expect(Number(await infoField(replica.client, 'slave_repl_offset'))).toBeGreaterThanOrEqual(offset);
  });
}
