import { Injectable, Logger, type OnModuleDestroy, Optional } from '@nestjs/common';
import type { HealthCheckResult, HealthIndicatorResult } from '@nestjs/terminus';
import { ConsumerHealth } from './consumer.health';
import { GatewayHealth } from './gateway.health';
import { LedgerHealth } from './ledger.health';
import { RabbitMqHealth } from './rabbitmq.health';
import { RedisHealth } from './redis.health';

/** Whether this process can do its work now, and if not, why. */
@Injectable()
export class Readiness implements OnModuleDestroy {
  private readonly logger = new Logger(Readiness.name);
  private isStopping = false;
  private latest = '';
  private hasBeenReady = false;

  constructor(
    private readonly rabbitmq: RabbitMqHealth,
    private readonly redis: RedisHealth,
    @Optional() private readonly consumer?: ConsumerHealth,
    @Optional() private readonly gateway?: GatewayHealth,
    @Optional() private readonly ledger?: LedgerHealth,
  ) {}

  /** A process that finishes its last payments must get no new requests. */
  onModuleDestroy(): void {
    this.isStopping = true;
  }

  async check(): Promise<HealthCheckResult> {
    const [redis, ledger, gateway] = await Promise.all([
      this.redis.check(),
      this.ledger?.check(),
      this.gateway?.check(),
    ]);
    const required = { ...this.rabbitmq.check(), ...this.consumer?.check(), ...redis, ...ledger };
    const error = only('down', required);
    const result: HealthCheckResult = {
      status: this.isStopping ? 'shutting_down' : Object.keys(error).length > 0 ? 'error' : 'ok',
      info: only('up', { ...required, ...gateway }),
      error,
      details: { ...required, ...gateway },
    };
    this.logChange(result);
    return result;
  }

  /** Probes come every few seconds; only changes are logged. */
  private logChange({ status, error }: HealthCheckResult): void {
    const state = JSON.stringify({ status, error });
    if (state === this.latest) return;
    this.latest = state;
    this.hasBeenReady ||= status === 'ok';
    // During the start this is expected; `StartReport` warns of a server that stays unavailable.
    if (status === 'error' && !this.hasBeenReady) this.logger.debug({ status, error }, 'Not ready yet');
    else if (status === 'error') this.logger.warn({ status, error }, 'Not ready');
    else this.logger.log({ status }, status === 'ok' ? 'Ready' : 'Stopping');
  }
}

function only(status: 'up' | 'down', details: HealthIndicatorResult): HealthIndicatorResult {
  return Object.fromEntries(Object.entries(details).filter(([, detail]) => detail.status === status));
}
