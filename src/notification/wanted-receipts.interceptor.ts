import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { of, type Observable } from 'rxjs';
import { PaymentSucceededPipe } from './payment-succeeded.pipe';
import { ReceiptService } from './receipt.service';

/**
 * Ends events for which there is nothing to send, before `@Idempotent()`: what has no effect needs no lease and no
 * record, and most payments may ask for no receipt. What is not a valid event goes on, to become a dead letter.
 */
@Injectable()
export class WantedReceiptsInterceptor implements NestInterceptor {
  constructor(
    private readonly pipe: PaymentSucceededPipe,
    private readonly receipts: ReceiptService,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const [body] = execution.getArgs<[unknown]>();
    return this.isUnwanted(body) ? of(undefined) : next.handle();
  }

  private isUnwanted(body: unknown): boolean {
    try {
      return !this.receipts.isWantedFor(this.pipe.transform(body));
    } catch {
      return false;
    }
  }
}
