import {
  context,
  INVALID_SPAN_CONTEXT,
  propagation,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type SpanKind,
} from '@opentelemetry/api';

const tracer = trace.getTracer('payment-consumer');
const NO_SPAN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
let isTracing = false;

export interface SpanOptions {
  readonly name: string;
  readonly kind: SpanKind;
  /** No card data and no credentials: the operators of the trace store can read them. */
  readonly attributes?: Attributes;
  /** Default: the active span. */
  readonly parent?: Context;
}

/**
 * Call it once at the start if spans are exported. Without it work costs nothing more: it gets no span, no id and no context.
 * A context alone (`AsyncLocalStorage`) makes every promise of a process under Node.js 20 slower.
 */
export function startTracing(): void {
  isTracing = true;
}

/** Runs work in a new span. Without an active trace it starts one. */
export function inSpan<T>(options: () => SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  return isTracing ? traced(options(), work) : work(NO_SPAN);
}

function traced<T>(
  { name, parent = context.active(), ...options }: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const span = tracer.startSpan(name, options, parent);
  return context.with(trace.setSpan(parent, span), async () => {
    try {
      return await work(span);
    } catch (error) {
      // No message and no stack: they may quote what a customer sent.
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute('error.type', error instanceof Error ? error.name : typeof error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Runs work in a span only if a trace is active; otherwise, such as for a health check, it starts no trace. */
export function inChildSpan<T>(options: () => SpanOptions, work: () => Promise<T>): Promise<T> {
  return isTracing && trace.getActiveSpan() ? traced(options(), work) : work();
}

/** The active trace, as the value of the W3C header `traceparent`. */
export function traceparent(): string | undefined {
  if (!isTracing) return undefined;
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** Headers of a message with the active trace, so that the consumer continues it. */
export function withTrace(headers: unknown): Record<string, unknown> {
  const carrier: Record<string, string> = {};
  if (isTracing) propagation.inject(context.active(), carrier);
  return { ...(typeof headers === 'object' ? headers : {}), ...carrier };
}

/** The trace in headers; without a valid one, the next span starts a new trace. */
export function traceIn(headers: unknown): Context {
  return propagation.extract(ROOT_CONTEXT, typeof headers === 'object' && headers !== null ? headers : {});
}

/** Links the active span to another one. */
export function linkTo(otherTraceparent: string): void {
  if (!isTracing) return;
  const other = trace.getSpanContext(traceIn({ traceparent: otherTraceparent }));
  if (other) trace.getActiveSpan()?.addLink({ context: other });
}

export function traceIdOf(parent: string): string | undefined {
  return trace.getSpanContext(traceIn({ traceparent: parent }))?.traceId;
}

/** The id of the active trace. */
export function currentTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}
