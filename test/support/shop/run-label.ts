import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { tap, type Observable } from 'rxjs';
import { idempotencyContextOf } from '../../../src/idempotency';

/** What stands around a decorated handler, such as an access log: says of which key and run the answer is. */
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
