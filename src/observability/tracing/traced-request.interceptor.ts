import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { SpanKind } from '@opentelemetry/api';
import type { Request } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { inSpan, traceIn } from './spans';

/** Traces an HTTP request as a span, in the trace of its caller if it has one. */
@Injectable()
export class TracedRequest implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { method, path, headers } = execution.switchToHttp().getRequest<Request>();
    const options = () => ({
      name: `${method} ${path}`,
      kind: SpanKind.SERVER,
      attributes: { 'http.request.method': method, 'url.path': path },
      parent: traceIn(headers),
    });
    return from(
      inSpan(options, () => lastValueFrom<unknown, unknown>(next.handle(), { defaultValue: undefined })),
    );
  }
}
