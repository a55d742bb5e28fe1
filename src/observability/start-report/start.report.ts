import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Environment } from '../../config/environment';
import { obstacleIn, riskIn, type RedisFacts } from '../../redis/redis-facts';
import { RedisServers } from '../../redis/redis-servers';
import { messageOf } from '../../text/message-of';
import {
  processLines,
  processWarnings,
  rabbitmqAwayLine,
  rabbitmqLine,
  redisAwayLine,
  redisLine,
  type StartLine,
} from './start-lines';

/** Where a server is there, it is connected long before. */
const SAY_AWAY_AFTER_MS = 3_000;

/**
 * Says in a few lines what runs where, and what is unsafe about it. Of a server it speaks at each connection: it may come
 * back as another one, or with other settings.
 */
@Injectable()
export class StartReport implements OnModuleDestroy {
  private readonly logger = new Logger(StartReport.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly environment: Environment,
    private readonly amqp: AmqpConnection,
    private readonly redis: RedisServers,
  ) {}

  /** To be called when HTTP is answered; waits for nothing. */
  begin(): void {
    for (const line of processLines(this.environment)) this.say(line);
    for (const warning of processWarnings(this.environment)) this.logger.warn(warning);
    const { managedConnection } = this.amqp;
    managedConnection.on('connect', () => this.sayRabbitMq());
    this.sayRabbitMq();
    this.redis.whenConnected(() => void this.sayRedis());
    this.timer = setTimeout(() => this.sayWhatIsAway(), SAY_AWAY_AFTER_MS).unref();
  }

  onModuleDestroy(): void {
    clearTimeout(this.timer);
  }

  private sayRabbitMq(): void {
    const connection = this.amqp.managedConnection.connection?.connection;
    if (connection === undefined) return;
    const { version } = connection.serverProperties;
    this.say(rabbitmqLine(this.environment, version));
  }

  private async sayRedis(): Promise<void> {
    const servers = await this.redisFacts();
    this.say(redisLine(this.environment, servers));
    for (const facts of servers) {
      const obstacle = obstacleIn(facts);
      if (obstacle !== undefined) this.logger.error(`Redis cannot be used: ${obstacle}`);
      const risk = riskIn(facts);
      if (risk !== undefined) this.logger.warn(risk);
    }
  }

  /** None when they keep silent: they may be forbidden to speak. */
  private async redisFacts(): Promise<RedisFacts[]> {
    try {
      return await this.redis.facts();
    } catch (error) {
      this.logger.warn(`Redis does not tell its settings: ${messageOf(error)}`);
      return [];
    }
  }

  private sayWhatIsAway(): void {
    if (!this.amqp.managedConnection.isConnected()) this.warn(rabbitmqAwayLine(this.environment));
    if (!this.redis.isConnected) this.warn(redisAwayLine(this.environment));
  }

  private say({ text, facts }: StartLine): void {
    this.logger.log({ facts }, text);
  }

  private warn({ text, facts }: StartLine): void {
    this.logger.warn({ facts }, text);
  }
}
