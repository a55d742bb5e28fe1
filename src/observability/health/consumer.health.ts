import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { Consumption } from '../../messaging/consumption';

/** Whether the process consumes payments. */
@Injectable()
export class ConsumerHealth {
  constructor(
    private readonly consumption: Consumption,
    private readonly indicators: HealthIndicatorService,
  ) {}

  check() {
    const indicator = this.indicators.check('consumer');
    const { state } = this.consumption;
    switch (state.kind) {
      case 'consuming':
        return indicator.up();
      case 'paused':
        return indicator.down({ reason: `paused: ${state.reasons.join('; ')}` });
      case 'disconnected':
        return indicator.down({ reason: 'not subscribed to the queue' });
      case 'stopped':
        return indicator.down({ reason: 'stopped' });
      default:
        return state satisfies never;
    }
  }
}
