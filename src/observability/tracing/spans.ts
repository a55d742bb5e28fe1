import { randomBytes } from 'node:crypto';
import {
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
  type SpanKind,
} from '@opentelemetry/api';

const tracer = trace.getTracer('payment-consumer');

export interface SpanOptions {
  readonly kind: SpanKind;
  /** No card data, no credentials: whoever runs the trace store reads them. */
  readonly attributes?: Attributes;
  /** Default: what is going on now. */
  readonly parent?: Context;
}

/**
 * Does a piece of work in a span of its own. Where no trace goes on it begins one, also while nothing is exported, so
 * that log lines of several processes can be put together by their trace id.
 */
export function inSpan<T>(
  name: string,
  { parent = context.active(), ...options }: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const started = tracer.startSpan(name, options, parent);
  const span = isSpanContextValid(started.spanContext()) ? started : unrecordedRoot();
  return context.with(trace.setSpan(parent, span), async () => {
    try {
      return await work(span);
    } catch (error) {
      // Neither text nor stack: they may quote what a customer sent.
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute('error.type', error instanceof Error ? error.name : typeof error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The same as part of what is going on; on its own, such as for a health check, the work makes no trace. */
export function inChildSpan<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
  return trace.getActiveSpan() ? inSpan(name, options, work) : work();
}

/** The trace that goes on now, as the value of the W3C header `traceparent`. */
export function traceparent(): string | undefined {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** Headers of a message with the trace that goes on now, so that whoever takes it goes on with it. */
export function withTrace(headers: unknown): Record<string, unknown> {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return { ...(typeof headers === 'object' ? headers : {}), ...carrier };
}

/** The trace that headers tell of; a new one where they tell of none, or of one that cannot be. */
export function traceIn(headers: unknown): Context {
  return propagation.extract(ROOT_CONTEXT, typeof headers === 'object' && headers !== null ? headers : {});
}

/** Links the span that goes on now to another one. */
export function linkTo(otherTraceparent: string): void {
  const other = trace.getSpanContext(traceIn({ traceparent: otherTraceparent }));
  if (other) trace.getActiveSpan()?.addLink({ context: other });
}

export function traceIdOf(parent: string): string | undefined {
  return trace.getSpanContext(traceIn({ traceparent: parent }))?.traceId;
}

/** The id of the trace that goes on now. */
export function currentTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

/** Marked as sampled: whoever comes next may record it, and should. */
function unrecordedRoot(): Span {
  return trace.wrapSpanContext({
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    traceFlags: TraceFlags.SAMPLED,
  });
}
