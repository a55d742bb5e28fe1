import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { ChannelGuard } from '../../messaging/channel-guard';
import { Publisher } from '../../messaging/publisher';

/** RabbitMQ is connected, everything is declared there, and it confirms publishes. */
@Injectable()
export class RabbitMqHealth {
  constructor(
    private readonly channels: ChannelGuard,
    private readonly publisher: Publisher,
    private readonly indicators: HealthIndicatorService,
  ) {}

  check() {
    const indicator = this.indicators.check('rabbitmq');
    if (!this.channels.ready || !this.publisher.isOpen) return indicator.down({ reason: 'not connected' });
    return this.publisher.isConfirmed
      ? indicator.up()
      : indicator.down({ reason: 'does not confirm publishes' });
  }
}
