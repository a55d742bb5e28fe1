import { RedisModule as IoRedisModule, type RedisModuleOptions } from '@nestjs-modules/ioredis';
import { Logger, Module } from '@nestjs/common';
import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis';
import { Environment } from '../config/environment';
import { DueTimes } from './due-times';
import { ExpiringTexts } from './expiring-texts';
import { QueuePauses } from './queue-pauses';
import { redisLocation, type RedisLogin } from './redis-location';
import { RedisServers } from './redis-servers';

const logger = new Logger('Redis');

/** After this time the result of a command is unknown. Shorter than most leases, so that a renewal can be retried. */
const COMMAND_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 3_000;
const LONGEST_RECONNECT_MS = 1_000;

const reconnectDelay = (times: number) => Math.min(LONGEST_RECONNECT_MS, 50 * 2 ** Math.min(times, 5));

const CONNECTION: RedisOptions = {
  // A command whose caller has given up must not be sent later: a begin would take a lease that no process uses.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: COMMAND_TIMEOUT_MS,
  connectTimeout: CONNECT_TIMEOUT_MS,
  // Closes a connection whose peer disappeared without closing it, when commands stay unanswered.
  socketTimeout: 2 * COMMAND_TIMEOUT_MS,
  retryStrategy: reconnectDelay,
  // After a failover the old master refuses writes; only a new connection finds the new one.
  reconnectOnError: (error) => error.message.startsWith('READONLY'),
};

const CLUSTER: ClusterOptions = {
  // Ignored inside `redisOptions`.
  enableOfflineQueue: false,
  clusterRetryStrategy: reconnectDelay,
  // No command is resent without knowing its result, and none waits for the cluster to recover: that wait has no limit,
  // and `commandTimeout` does not end it. A refused step costs a retry; a MOVED answer names the new master.
  retryDelayOnFailover: 0,
  retryDelayOnClusterDown: 0,
  slotsRefreshTimeout: COMMAND_TIMEOUT_MS,
};

/** The connection to Redis, standalone, Cluster or behind Sentinel; inject it with `@InjectRedis()`. */
@Module({
  imports: [IoRedisModule.forRootAsync({ inject: [Environment], useFactory: redisOptions })],
  providers: [DueTimes, ExpiringTexts, QueuePauses, RedisServers],
  exports: [DueTimes, ExpiringTexts, QueuePauses, RedisServers],
})
export class RedisModule {}

/** {@link redisLocation} explains the URLs. */
function redisOptions({ redisUrls }: Environment): RedisModuleOptions {
  const location = redisLocation(redisUrls);
  switch (location.kind) {
    case 'standalone':
      return { type: 'single', url: location.url, options: CONNECTION, onClientReady: prepareConnection };
    case 'cluster':
      return {
        type: 'cluster',
        nodes: location.urls,
        options: { ...CLUSTER, redisOptions: { ...CONNECTION, ...loginOptions(location.login) } },
        onClientReady: prepareCluster,
      };
    case 'sentinel': {
      const { master, sentinels } = location;
      return {
        type: 'single',
        options: {
          ...CONNECTION,
          ...loginOptions(master),
          sentinels,
          name: master.name,
          db: master.database,
          sentinelCommandTimeout: COMMAND_TIMEOUT_MS,
          sentinelRetryStrategy: reconnectDelay,
          ...(master.encrypted && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
        },
        onClientReady: prepareConnection,
      };
    }
    default:
      return location satisfies never;
  }
}

function loginOptions({ username, password, encrypted }: RedisLogin): RedisOptions {
  return { ...(username && { username }), ...(password && { password }), ...(encrypted && { tls: {} }) };
}

function prepareConnection(client: Redis): void {
  reportErrors(client);
  endSocketTimeoutWithItsSocket(client);
}

function prepareCluster(cluster: Cluster): void {
  reportErrors(cluster);
  cluster.on('+node', (node: Redis) => {
    endSocketTimeoutWithItsSocket(node);
    // Otherwise its first command connects it, and other commands fail until it is connected.
    void node.connect().catch(() => undefined);
  });
}

/**
 * ioredis 5.11 leaves the timer of `socketTimeout` running when a connection is lost before an answer; it then destroys
 * the next, healthy one.
 */
function endSocketTimeoutWithItsSocket(client: Redis): void {
  client.on('close', () => {
    clearTimeout(Number(Reflect.get(client, 'socketTimeoutTimer')));
    Reflect.set(client, 'socketTimeoutTimer', undefined);
  });
}

/** Without a listener each reconnect prints "Unhandled error event". Logs only changes. */
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
