import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { Environment } from '../../config/environment';
import { startTracing } from './spans';

interface SpanExport {
  shutdown(): Promise<void>;
}

const SPAN_EXPORT = Symbol('SpanExport');

/**
 * Traces: spans and W3C trace context from request to message to message, only if `OTEL_EXPORTER_OTLP_ENDPOINT` is set.
 * Without it the SDK is not loaded, and no trace begins here.
 */
@Module({
  providers: [
    {
      provide: SPAN_EXPORT,
      inject: [Environment],
      useFactory: async ({ otlpEndpoint }: Environment): Promise<SpanExport | undefined> => {
        propagation.setGlobalPropagator(new W3CTraceContextPropagator());
        if (otlpEndpoint === undefined) return undefined;
        context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
        startTracing();
        const { exportSpans } = await import('./span-export.js');
        return exportSpans(otlpEndpoint);
      },
    },
  ],
})
export class TracingModule implements OnApplicationShutdown {
  constructor(@Inject(SPAN_EXPORT) private readonly spanExport: SpanExport | undefined) {}

  /** After the last message, so that its spans are exported, too. */
  async onApplicationShutdown(): Promise<void> {
    await this.spanExport?.shutdown();
  }
}
