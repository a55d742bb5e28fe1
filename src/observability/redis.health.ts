import { InjectRedis } from '@nestjs-modules/ioredis';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { Cluster, type Redis } from 'ioredis';
import { IdempotencyService } from '../idempotency';
import { messageOf } from './message-of';
import { obstacleIn, parseRedisInfo, type RedisFacts } from './redis-facts';
import { within } from './within';

/** A server that answers later than this is of no use to a payment either. */
const ANSWER_WITHIN_MS = 1000;

/** Redis answers, takes writes, and keeps what it is given. */
@Injectable()
export class RedisHealth implements OnModuleInit {
  private readonly logger = new Logger(RedisHealth.name);

  constructor(
    @InjectRedis() private readonly redis: Redis | Cluster,
    private readonly idempotency: IdempotencyService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** A server may come back with other settings, so each connection is looked at anew. */
  onModuleInit(): void {
    this.redis.on('ready', () => void this.warnOfUnsafeServers());
    if (this.redis.status === 'ready') void this.warnOfUnsafeServers();
  }

  async check() {
    const indicator = this.indicators.check('redis');
    if (this.redis.status !== 'ready')
      return indicator.down({ reason: `not connected (${this.redis.status})` });
    try {
      // A full or read-only server still answers questions.
      await within(ANSWER_WITHIN_MS, this.idempotency.probeStore());
      const obstacles = (await this.facts()).map(obstacleIn).filter((obstacle) => obstacle !== undefined);
      return obstacles.length === 0 ? indicator.up() : indicator.down({ reason: obstacles.join('; ') });
    } catch (error) {
      return indicator.down({ reason: messageOf(error) });
    }
  }

  private async warnOfUnsafeServers(): Promise<void> {
    try {
      for (const facts of await this.facts()) {
        const obstacle = obstacleIn(facts);
        if (obstacle !== undefined) this.logger.error(`Redis cannot be used: ${obstacle}`);
        if (!facts.appendOnly) {
          this.logger.warn(
            'Redis is not append-only: a restart forgets which payments are done; set appendonly to yes',
          );
        }
      }
    } catch (error) {
      this.logger.warn(`Redis does not tell its settings: ${messageOf(error)}`);
    }
  }

  /** Of the server, or of each master of the cluster: a key may be on any of them. */
  private async facts(): Promise<RedisFacts[]> {
    const servers = this.redis instanceof Cluster ? this.redis.nodes('master') : [this.redis];
    const answers = Promise.all(servers.map((server) => server.info()));
    return (await within(ANSWER_WITHIN_MS, answers)).map(parseRedisInfo);
  }
}
