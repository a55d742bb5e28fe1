import { Type } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { PaymentFields } from '../payment/payment.dto';

/** Body of `POST /payments`: a payment as customers write it. The key comes in a header. */
export class PublishPaymentBody extends PaymentFields {}

/** Query of `POST /payments`. */
export class PublishPaymentQuery {
  /**
   * How many identical messages to publish: what a redelivering broker or an impatient client would cause. Default 1,
   * and then a repeated request publishes nothing more.
   */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  readonly copies?: number;
}

/** Answer of `POST /payments`, once the broker has confirmed every copy. */
export interface PublishedPayment {
  readonly paymentId: string;
  readonly idempotencyKey: string;
  readonly copies: number;
}

/** Answer of `GET /payments/:idempotencyKey`. */
export interface PaymentState {
  readonly idempotencyKey: string;
  /** `in_progress` from the first attempt until there is a result, between attempts too. */
  readonly state: 'in_progress' | 'completed';
  readonly attempts: number;
  readonly processedAt?: string;
  readonly result?: unknown;
}
