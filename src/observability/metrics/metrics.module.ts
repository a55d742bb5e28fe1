import { Module } from '@nestjs/common';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { MetricsController } from './metrics.controller';

/**
 * Serves `GET /metrics`. To add one, import this module, inject `Registry` of prom-client and name it in the metric's
 * `registers: [registry]`. Labels take a bounded set of values: never a key, an id or an amount.
 */
@Module({
  controllers: [MetricsController],
  providers: [{ provide: Registry, useFactory: processMetrics }],
  exports: [Registry],
})
export class MetricsModule {}

/** Blocks of half a second are looked for; the default of 10 ms costs an idle process more than all the rest. */
const EVENT_LOOP_PRECISION_MS = 50;

/** A registry of this application's own, with what Node.js says of its process: memory, CPU, event loop lag. */
function processMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
  return registry;
}
