import { findProgram } from '../../scripts/services/machine';
import { runProgram } from '../../scripts/services/programs';
import { freePorts } from '../../scripts/services/ports';
import { eventually } from './eventually';
import { runFolder } from './isolation';
import { infoField, startRedisProcess, stopAll } from './redis-process';
import type { RedisProcess } from './redis-process';

const MASTERS = 3;
const NODES = 2 * MASTERS;
/** After so long without an answer a node counts as failed, and its replica takes over. */
const NODE_TIMEOUT_MS = 2_000;

/** A real Redis Cluster of three masters with a replica each. */
export class OwnRedisCluster {
  private constructor(readonly nodes: readonly RedisProcess[]) {}

  static async start(): Promise<OwnRedisCluster> {
    const ports = await freePorts(2 * NODES);
    const nodes = await Promise.all(
      ports.slice(0, NODES).map((port, index) => startNode(port, ports[NODES + index] ?? 0)),
    );
    const cluster = new OwnRedisCluster(nodes);
    try {
      await cluster.join();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get urls(): string[] {
    return this.nodes.map(({ url }) => url);
  }

  /** The current master of a slot, according to the nodes of the cluster. */
  async masterOf(slot: number): Promise<RedisProcess> {
    const [node] = await this.running();
    const rows = await slotRows(node);
    const row = rows.find(({ from, to }) => from <= slot && slot <= to);
    return this.nodeOn(row?.ports[0]);
  }

  /** The replica of a master. */
  async replicaOf(master: RedisProcess): Promise<RedisProcess> {
    const row = (await slotRows(master)).find(({ ports }) => ports[0] === master.port);
    return this.nodeOn(row?.ports[1]);
  }

  /** Another master. */
  async masterBeside(master: RedisProcess): Promise<RedisProcess> {
    const row = (await slotRows(master)).find(({ ports }) => ports[0] !== master.port);
    return this.nodeOn(row?.ports[0]);
  }

  async slotOf(name: string): Promise<number> {
    const [node] = await this.running();
    return node.client.cluster('KEYSLOT', name);
  }

  /** Moves one slot with its keys; calls `whileMoving` while the slot belongs to both masters. */
  async migrateSlot(slot: number, whileMoving: () => Promise<void>): Promise<void> {
    const from = await this.masterOf(slot);
    const to = await this.masterBeside(from);
    const [fromId, toId] = [await idOf(from), await idOf(to)];
    await to.client.cluster('SETSLOT', slot, 'IMPORTING', fromId);
    await from.client.cluster('SETSLOT', slot, 'MIGRATING', toId);
    await whileMoving();
    const keys = await from.client.cluster('GETKEYSINSLOT', slot, 1_000);
    if (keys.length > 0) {
      await from.client.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys);
    }
    for (const { client } of [to, from]) await client.cluster('SETSLOT', slot, 'NODE', toId);
  }

  async stop(): Promise<void> {
    await stopAll(this.nodes);
  }

  private async join(): Promise<void> {
    const command = findProgram('redis-cli');
    if (command === undefined) throw new Error('redis-cli is not installed; the package redis-tools has it');
    const addresses = this.nodes.map(({ port }) => `127.0.0.1:${port}`);
    const args = ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'];
    await runProgram({ name: 'redis-cli', command, args, directory: runFolder() });
    await eventually(() => this.expectWhole());
  }

  /** Each node knows the master of every slot, and a replica that is in sync. */
  private async expectWhole(): Promise<void> {
    for (const node of this.nodes) {
      expect(await node.client.cluster('INFO')).toContain('cluster_state:ok');
      expect((await slotRows(node)).map(({ ports }) => ports.length)).toEqual(
        Array(MASTERS).fill(NODES / MASTERS),
      );
      if ((await infoField(node.client, 'role')) === 'slave') {
        expect(await infoField(node.client, 'master_link_status')).toBe('up');
      }
    }
  }

  private async running(): Promise<[RedisProcess, ...RedisProcess[]]> {
    const answering = await Promise.all(this.nodes.map(async (node) => ((await isUp(node)) ? [node] : [])));
    const [first, ...others] = answering.flat();
    if (first === undefined) throw new Error('no node of the cluster answers');
    return [first, ...others];
  }

  private nodeOn(port: number | undefined): RedisProcess {
    const node = this.nodes.find((candidate) => candidate.port === port);
    if (node === undefined) throw new Error(`no node of the cluster is on port ${String(port)}`);
    return node;
  }
}

function startNode(port: number, busPort: number): Promise<RedisProcess> {
  const settings =
    `--cluster-enabled yes --cluster-port ${busPort} --cluster-node-timeout ${NODE_TIMEOUT_MS} ` +
    '--maxmemory-policy noeviction --appendonly yes --repl-diskless-sync-delay 0 --repl-ping-replica-period 1';
  return startRedisProcess(port, [...settings.split(' '), '--save', '']);
}

interface SlotRow {
  readonly from: number;
  readonly to: number;
  /** The master's port comes first. */
  readonly ports: readonly number[];
}

async function slotRows({ client }: RedisProcess): Promise<SlotRow[]> {
  const rows = await client.cluster('SLOTS');
  return rows.map(([from, to, ...nodes]) => ({
    from,
    to,
    ports: nodes.map((node) => Number(Reflect.get(Object(node), 1))),
  }));
}

async function idOf({ client }: RedisProcess): Promise<string> {
  return String(await client.cluster('MYID'));
}

async function isUp({ client }: RedisProcess): Promise<boolean> {
  if (client.status === 'wait') await client.connect().catch(() => undefined);
  return client.status === 'ready';
}
