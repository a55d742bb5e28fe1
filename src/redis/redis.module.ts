import { RedisModule as IoRedisModule, type RedisModuleOptions } from '@nestjs-modules/ioredis';
import { Logger, Module } from '@nestjs/common';
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { Environment } from '../config/environment';

const logger = new Logger('Redis');

/** A command that has no answer by then counts as unknown. Well below any lease. */
const COMMAND_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 3_000;
const LONGEST_RECONNECT_MS = 1_000;

const CONNECTION: RedisOptions = {
  // A command that nobody waits for any more must not be sent later: a begin would take a lease for nobody.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: COMMAND_TIMEOUT_MS,
  connectTimeout: CONNECT_TIMEOUT_MS,
  // A peer that vanished without a word is given up when commands stay unanswered.
  socketTimeout: 2 * COMMAND_TIMEOUT_MS,
  retryStrategy: (times) => Math.min(LONGEST_RECONNECT_MS, 50 * 2 ** Math.min(times, 5)),
  // After a failover the old master refuses writes; only a new connection finds the new one.
  reconnectOnError: (error) => error.message.startsWith('READONLY'),
};

/** The connection to Redis, standalone or Cluster; inject it with `@InjectRedis()`. */
@Module({
  imports: [IoRedisModule.forRootAsync({ inject: [Environment], useFactory: redisOptions })],
})
export class RedisModule {}

/** One URL is a single server; several are the nodes of a cluster. */
function redisOptions({ redisUrls }: Environment): RedisModuleOptions {
  const [first = '', ...others] = redisUrls;
  if (others.length === 0)
    return { type: 'single', url: first, options: CONNECTION, onClientReady: reportErrors };
  const { username, password, protocol } = new URL(first);
  return {
    type: 'cluster',
    nodes: redisUrls,
    options: {
      // Ignored inside `redisOptions`.
      enableOfflineQueue: false,
      clusterRetryStrategy: (times) => Math.min(LONGEST_RECONNECT_MS, 50 * 2 ** Math.min(times, 5)),
      redisOptions: {
        ...CONNECTION,
        ...(username && { username: decodeURIComponent(username) }),
        ...(password && { password: decodeURIComponent(password) }),
        ...(protocol === 'rediss:' && { tls: {} }),
      },
    },
    onClientReady: reportErrors,
  };
}

/** Without a listener each reconnect prints "Unhandled error event". Only changes are news. */
function reportErrors(client: Redis | Cluster): void {
  let last: string | undefined;
  client.on('error', (error: Error) => {
    const problem = error.message || error.name;
    if (problem !== last) logger.warn(`Redis is not reachable: ${problem}`);
    last = problem;
  });
  client.on('ready', () => {
    if (last !== undefined) logger.log('Redis is reachable again');
    last = undefined;
  });
}
