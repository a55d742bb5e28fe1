import { join } from 'node:path';
import { startRabbitmq } from '../../scripts/services/rabbitmq';
import { startRedis } from '../../scripts/services/redis';
import { removeRun } from '../../scripts/services/runs';
import { runFolder } from './isolation';

/** A server that only one spec uses, so that the spec may break it. */
interface OwnServer {
  readonly url: string;
  /** Ends it at once, like a crash; `restart` starts it again with its data. */
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

/** A private Redis that writes each command to disk before it answers: a crash must not lose a record. */
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
