import { IsEmail, IsInt, IsOptional, IsString, Min } from 'class-validator';
import { IsCurrency, PlainText } from './payment.dto';

/**
 * The event `payment.succeeded`, as published. It may come more than once for a payment, with the same
 * idempotency key. Fields are only ever added, so consumers ignore those that they do not know.
 */
export class PaymentSucceeded {
  @PlainText()
  readonly paymentId: string = '';

  /** The payment's own key, which is read and checked before the other fields. */
  @IsString()
  readonly idempotencyKey: string = '';

  @PlainText()
  readonly chargeId: string = '';

  @IsInt()
  @Min(1)
  readonly amountMinorUnits: number = Number.NaN;

  @IsCurrency()
  readonly currency: string = '';

  @PlainText()
  readonly customerId: string = '';

  @IsOptional()
  @IsEmail()
  readonly receiptEmail?: string;
}
