import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { Environment } from '../../config/environment';

interface SpanExport {
  shutdown(): Promise<void>;
}

const SPAN_EXPORT = Symbol('SpanExport');

/**
 * Traces: W3C trace context from request to message to message, and spans, which are exported only if
 * `OTEL_EXPORTER_OTLP_ENDPOINT` is set. Without it the SDK is not loaded.
 */
@Module({
  providers: [
    {
      provide: SPAN_EXPORT,
      inject: [Environment],
      useFactory: async ({ otlpEndpoint }: Environment): Promise<SpanExport | undefined> => {
        context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
        propagation.setGlobalPropagator(new W3CTraceContextPropagator());
        if (otlpEndpoint === undefined) return undefined;
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
