import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { finalize, type Observable } from 'rxjs';
import { idempotencyContextOf } from 'nestjs-idempotent';

/** What the interceptors below have seen, in order. */
export const runLabels: string[] = [];

/** An interceptor around a decorated handler, like an access log: notes the key of the answer and whether it is a replay. */
export class RunLabel implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      finalize(() => {
        const context = idempotencyContextOf(execution);
        if (context) runLabels.push(`${context.replayed ? 'replay' : 'run'} of ${context.key}`);
      }),
    );
  }
}
