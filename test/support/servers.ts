import { join } from 'node:path';
import { startRabbitmq } from '../../scripts/services/rabbitmq';
import { startRedis } from '../../scripts/services/redis';
import { removeRun } from '../../scripts/services/runs';
import { runFolder } from './isolation';

/** A server that only one spec uses, and may therefore break. */
interface OwnServer {
  readonly url: string;
  /** At once, as a crash would; `restart` brings it back with its data. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Connections stay open and nothing answers, until `thaw`. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  stop(): Promise<void>;
}

export type OwnRedis = OwnServer;

export interface OwnRabbitmq extends OwnServer {
  readonly managementUrl: string;
}

let started = 0;

/** A private Redis that writes each command to its disk before it answers: a crash must not cost a record. */
export async function startOwnRedis(): Promise<OwnRedis> {
  const directory = join(runFolder(), `redis-${++started}`);
  const server = await startRedis({ directory, appendFsync: 'always' });
  return { ...server, stop: () => stopAndRemove(server, directory) };
}

export async function startOwnRabbitmq(): Promise<OwnRabbitmq> {
  const directory = join(runFolder(), `rabbitmq-${++started}`);
  const server = await startRabbitmq({ directory });
  return { ...server, stop: () => stopAndRemove(server, directory) };
}

async function stopAndRemove(server: OwnServer, directory: string): Promise<void> {
  await server.stop();
  removeRun(directory);
}
