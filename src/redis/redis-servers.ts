import { InjectRedis } from '@nestjs-modules/ioredis';
import { Injectable } from '@nestjs/common';
import { Cluster, type Redis } from 'ioredis';
import { parseRedisInfo, type RedisFacts } from './redis-facts';

/** The Redis servers of the connection. */
@Injectable()
export class RedisServers {
  constructor(@InjectRedis() private readonly redis: Redis | Cluster) {}

  get isConnected(): boolean {
    return this.redis.status === 'ready';
  }

  /** The status of the connection according to the client: `connecting`, `ready`, `reconnecting`, … */
  get status(): string {
    return this.redis.status;
  }

  /** Calls back now, if connected, and at each later connection. */
  whenConnected(callback: () => void): void {
    this.redis.on('ready', callback);
    if (this.isConnected) callback();
  }

  /** The facts of the server, or of each master of the cluster, since a key may be on any of them. */
  async facts(): Promise<RedisFacts[]> {
    const servers = this.redis instanceof Cluster ? this.redis.nodes('master') : [this.redis];
    return (await Promise.all(servers.map((server) => server.info()))).map(parseRedisInfo);
  }
}
