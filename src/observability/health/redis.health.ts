import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { IdempotencyService } from 'nestjs-idempotent';
import { RedisServers } from '../../redis/redis-servers';
import { messageOf } from '../../text/message-of';
import { within } from './within';

/** A server that answers later than this is too slow for payments, too. */
const ANSWER_WITHIN_MS = 1000;

/** Redis answers, takes writes, and evicts nothing. */
@Injectable()
export class RedisHealth {
  constructor(
    private readonly servers: RedisServers,
    private readonly idempotency: IdempotencyService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  async check() {
    const indicator = this.indicators.check('redis');
    if (!this.servers.isConnected)
      return indicator.down({ reason: `not connected (${this.servers.status})` });
    try {
      const warnings = await within(ANSWER_WITHIN_MS, this.idempotency.probeStore());
      return warnings.length === 0
        ? indicator.up()
        : indicator.down({ reason: warnings.map(({ message }) => message).join('; ') });
    } catch (error) {
      return indicator.down({ reason: messageOf(error) });
    }
  }
}
