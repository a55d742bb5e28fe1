import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { of, type Observable } from 'rxjs';
import { PaymentSucceededPipe } from './payment-succeeded.pipe';
import { ReceiptService } from './receipt.service';

/**
 * Acknowledges events that need no receipt, before `@Idempotent()`: without an effect they need no lease and no record, and
 * many payments may ask for no receipt. Invalid events continue, and become dead letters.
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
