import { AmqpConnection } from '@golevelup/nestjs-rabbitmq';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Environment } from '../../config/environment';
import { obstacleIn, riskIn, type RedisFacts } from '../../redis/redis-facts';
import { RedisServers } from '../../redis/redis-servers';
import { messageOf } from '../../text/message-of';
import {
  processLines,
  processWarnings,
  rabbitmqUnavailableLine,
  rabbitmqLine,
  redisUnavailableLine,
  redisLine,
  type StartLine,
} from './start-lines';

/** A server that is available is connected long before. */
const REPORT_UNAVAILABLE_AFTER_MS = 3_000;

/**
 * Logs in a few lines what runs where, and unsafe settings. A server is reported at each connection, because its version
 * and settings may have changed.
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

  /** Call it when HTTP requests are answered. Waits for nothing. */
  begin(): void {
    for (const line of processLines(this.environment)) this.log(line);
    for (const warning of processWarnings(this.environment)) this.logger.warn(warning);
    const { managedConnection } = this.amqp;
    managedConnection.on('connect', () => this.reportRabbitMq());
    this.reportRabbitMq();
    this.redis.whenConnected(() => void this.reportRedis());
    this.timer = setTimeout(() => this.reportUnavailable(), REPORT_UNAVAILABLE_AFTER_MS).unref();
  }

  onModuleDestroy(): void {
    clearTimeout(this.timer);
  }

  private reportRabbitMq(): void {
    const connection = this.amqp.managedConnection.connection?.connection;
    if (connection === undefined) return;
    const { version } = connection.serverProperties;
    this.log(rabbitmqLine(this.environment, version));
  }

  private async reportRedis(): Promise<void> {
    const servers = await this.redisFacts();
    this.log(redisLine(this.environment, servers));
    for (const facts of servers) {
      const obstacle = obstacleIn(facts);
      if (obstacle !== undefined) this.logger.error(`Redis cannot be used: ${obstacle}`);
      const risk = riskIn(facts);
      if (risk !== undefined) this.logger.warn(risk);
    }
  }

  /** An empty list if the servers do not report their settings: the command may be forbidden. */
  private async redisFacts(): Promise<RedisFacts[]> {
    try {
      return await this.redis.facts();
    } catch (error) {
      this.logger.warn(`Redis does not report its settings: ${messageOf(error)}`);
      return [];
    }
  }

  private reportUnavailable(): void {
    if (!this.amqp.managedConnection.isConnected()) this.warn(rabbitmqUnavailableLine(this.environment));
    if (!this.redis.isConnected) this.warn(redisUnavailableLine(this.environment));
  }

  private log({ text, facts }: StartLine): void {
    this.logger.log({ facts }, text);
  }

  private warn({ text, facts }: StartLine): void {
    this.logger.warn({ facts }, text);
  }
}
