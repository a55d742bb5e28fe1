import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { ChannelGuard } from '../messaging/channel-guard';

/** RabbitMQ is connected, and everything is declared there. */
@Injectable()
export class RabbitMqHealth {
  constructor(
    private readonly channels: ChannelGuard,
    private readonly indicators: HealthIndicatorService,
  ) {}

  check() {
    const indicator = this.indicators.check('rabbitmq');
    return this.channels.ready ? indicator.up() : indicator.down({ reason: 'not connected' });
  }
}
