import { Injectable } from '@nestjs/common';
import { Gauge, Registry } from 'prom-client';
import { Consumption, type ConsumptionState } from './consumption';

const STATES: readonly ConsumptionState['kind'][] = ['consuming', 'paused', 'disconnected', 'stopped'];

/** Shows whether this process takes messages. */
@Injectable()
export class ConsumptionMetrics {
  constructor(registry: Registry, consumption: Consumption) {
    new Gauge({
      name: 'payments_consumption_state',
      help: '1 for the current state of the consumption of messages, 0 for the others.',
      labelNames: ['state'],
      registers: [registry],
      collect() {
        for (const state of STATES) this.set({ state }, state === consumption.state.kind ? 1 : 0);
      },
    });
  }
}
