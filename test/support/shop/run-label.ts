import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { tap, type Observable } from 'rxjs';
import { idempotencyContextOf } from 'nestjs-idempotent';

/** An interceptor around a decorated handler, like an access log: reports the key of the answer and whether it is a replay. */
export class RunLabel implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      tap(() => {
        const context = idempotencyContextOf(execution);
        const response = execution
          .switchToHttp()
          .getResponse<{ header(name: string, value: string): unknown }>();
        if (context) response.header('X-Run', `${context.replayed ? 'replay' : 'run'} of ${context.key}`);
      }),
    );
  }
}
