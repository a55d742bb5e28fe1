import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { PaymentFields } from '../payment/payment.dto';

/** Body of `POST /payments`. The key comes in a header. */
export class PublishPaymentBody extends PaymentFields {}

/** Query of `POST /payments`. */
export class PublishPaymentQuery {
  /**
   * How many identical messages to publish, as after redeliveries or repeated requests. Without it one message, and a
   * repeated request publishes no other.
   */
  @ApiPropertyOptional({ minimum: 1, maximum: 100, default: 1 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  readonly copies?: number;
}

/** Answer of `POST /payments`, once the broker has confirmed every copy. */
export class PublishedPayment {
  @ApiProperty({ example: 'PAY-001' })
  readonly paymentId: string = '';

  @ApiProperty({ example: '5f6c9d1e-0000-4000-8000-000000000000' })
  readonly idempotencyKey: string = '';

  @ApiProperty({ example: 1 })
  readonly copies: number = 1;
}

/** Answer of `GET /payments/:idempotencyKey`. */
export class PaymentState {
  @ApiProperty()
  readonly idempotencyKey: string = '';

  /** `in_progress` from the first attempt until there is a result, between attempts too. */
  @ApiProperty({ enum: ['in_progress', 'completed'] })
  readonly state: 'in_progress' | 'completed' = 'in_progress';

  @ApiProperty({ description: 'How many attempts have begun.' })
  readonly attempts: number = 0;

  @ApiPropertyOptional({ format: 'date-time' })
  readonly processedAt?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    example: {
      paymentId: 'PAY-001',
      status: 'succeeded',
      chargeId: 'pi_1',
      amountMinorUnits: 9999,
      currency: 'USD',
    },
  })
  readonly result?: unknown;
}
