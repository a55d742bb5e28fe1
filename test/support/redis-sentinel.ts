import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../scripts/services/ports';
import { eventually } from './eventually';
import { runFolder } from './isolation';
import { infoField, startRedisProcess, stopAll } from './redis-process';
import type { RedisProcess } from './redis-process';

const MASTER = 'payments';
const SENTINELS = 3;
const QUORUM = 2;
const DOWN_AFTER_MS = 1_000;
const FAILOVER_TIMEOUT_MS = 3_000;

/** A master and its replica, watched by sentinels. */
export class OwnRedisSentinels {
  private constructor(
    private readonly servers: readonly [RedisProcess, RedisProcess],
    private readonly sentinels: readonly RedisProcess[],
  ) {}

  static async start(): Promise<OwnRedisSentinels> {
    const [masterPort = 0, replicaPort = 0, ...sentinelPorts] = await freePorts(2 + SENTINELS);
    const master = await startRedisProcess(masterPort, dataServer());
    const replica = await startRedisProcess(replicaPort, [
      ...dataServer(),
      '--replicaof',
      `127.0.0.1 ${masterPort}`,
    ]);
    const sentinels = await Promise.all(sentinelPorts.map((port) => startSentinel(port, masterPort)));
    const all = new OwnRedisSentinels([master, replica], sentinels);
    await eventually(() => all.expectWatched());
    return all;
  }

  /** The URLs for `REDIS_URL`. */
  get urls(): string[] {
    return this.sentinels.map(({ port }) => `redis+sentinel://127.0.0.1:${port}/${MASTER}`);
  }

  /** The current master and replica, according to the sentinels. */
  async roles(): Promise<{ master: RedisProcess; replica: RedisProcess }> {
    const [one, other] = this.servers;
    const port = await this.masterPort();
    return port === one.port ? { master: one, replica: other } : { master: other, replica: one };
  }

  /** Promotes the replica first and tells the sentinels afterwards: clients stay connected to the old master. */
  async switchQuietly(): Promise<void> {
    const { master, replica } = await this.roles();
    await replica.client.replicaof('NO', 'ONE');
    await master.client.replicaof('127.0.0.1', replica.port);
    for (const { client } of this.sentinels) {
      await client.call('SENTINEL', 'REMOVE', MASTER);
      await client.call('SENTINEL', 'MONITOR', MASTER, '127.0.0.1', replica.port, QUORUM);
      await client.call('SENTINEL', 'SET', MASTER, 'down-after-milliseconds', DOWN_AFTER_MS);
      await client.call('SENTINEL', 'SET', MASTER, 'failover-timeout', FAILOVER_TIMEOUT_MS);
    }
    await eventually(() => this.expectWatched());
  }

  /** Each sentinel knows the others and a replica that is in sync: a failover needs both. */
  private async expectWatched(): Promise<void> {
    const { replica } = await this.roles();
    expect(await infoField(replica.client, 'master_link_status')).toBe('up');
    for (const { client } of this.sentinels) {
      const known = await infoField(client, 'master0');
      expect(known).toContain('status=ok');
      expect(known).toContain(`slaves=1,sentinels=${SENTINELS}`);
    }
  }

  async stop(): Promise<void> {
    await stopAll([...this.sentinels, ...this.servers]);
  }

  private async masterPort(): Promise<number> {
    const address = await this.ask('GET-MASTER-ADDR-BY-NAME', MASTER);
    return Number(Array.isArray(address) ? address[1] : undefined);
  }

  private async ask(...question: string[]): Promise<unknown> {
    const [sentinel] = this.sentinels;
    return sentinel?.client.call('SENTINEL', ...question);
  }
}

function dataServer(): string[] {
  return [
    '--maxmemory-policy',
    'noeviction',
    '--appendonly',
    'yes',
    '--repl-diskless-sync-delay',
    '0',
    '--save',
    '',
  ];
}

/** Sentinels write their state into their configuration file, so each needs its own. */
async function startSentinel(port: number, masterPort: number): Promise<RedisProcess> {
  const file = join(runFolder(), `sentinel-${port}.conf`);
  const configuration = [
    `sentinel monitor ${MASTER} 127.0.0.1 ${masterPort} ${QUORUM}`,
    `sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${MASTER} ${FAILOVER_TIMEOUT_MS}`,
  ];
  writeFileSync(file, `${configuration.join('\n')}\n`);
  return startRedisProcess(port, [file, '--sentinel']);
}
