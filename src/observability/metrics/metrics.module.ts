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

/** Enough to detect blocks of half a second; the default of 10 ms costs an idle process more than everything else. */
const EVENT_LOOP_PRECISION_MS = 50;

/** The registry of this application, with the metrics of Node.js: memory, CPU, event loop lag. */
function processMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
  return registry;
}
