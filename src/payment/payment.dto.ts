import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsNumber, IsOptional, IsString, Length, Matches, ValidateBy } from 'class-validator';
import { isCurrencyCode } from '../money/currencies';
import { CURRENCY_RULE, type Money } from '../money/money';
import { looksLikeCardNumber } from '../text/card-number';

/** The scope of payments' idempotency keys. */
export const PAYMENT_SCOPE = 'payment';

/** A short text without control characters that is not a card number: this service must not store any. */
export const PlainText = (): PropertyDecorator => (target, property) => {
  IsString()(target, property);
  Length(1, 255)(target, property);
  Matches(/^\P{Cc}*$/u, { message: `$property must not contain control characters` })(target, property);
  ValidateBy({
    name: 'isNotCardNumber',
    validator: {
      validate: (value) => typeof value !== 'string' || !looksLikeCardNumber(value),
      defaultMessage: () => '$property must not be a card number; use a payment method of the gateway',
    },
  })(target, property);
};

/** A currency that the gateway charges in, upper case. */
export const IsCurrency = (): PropertyDecorator =>
  ValidateBy({
    name: 'isCurrency',
    validator: {
      validate: isCurrencyCode,
      defaultMessage: () => `$property ${CURRENCY_RULE}`,
    },
  });

/** The fields of a payment that customers write; the same on the wire and in `POST /payments`. */
export class PaymentFields {
  @ApiProperty({ example: 'PAY-001', maxLength: 255 })
  @PlainText()
  readonly paymentId: string = '';

  /** In major units, as customers write it: 99.99. What a currency allows is checked with {@link toMoney}. */
  @ApiProperty({
    example: 99.99,
    description:
      'In major units, with the decimals and up to the maximum that the gateway has for the currency.',
  })
  @IsNumber({ allowNaN: false, allowInfinity: false })
  readonly amount: number = Number.NaN;

  @ApiProperty({ example: 'CUST-001', maxLength: 255 })
  @PlainText()
  readonly customerId: string = '';

  @ApiPropertyOptional({
    example: 'USD',
    description: 'One that the gateway charges in (ISO 4217); the default is PAYMENT_DEFAULT_CURRENCY.',
  })
  @IsOptional()
  @IsCurrency()
  readonly currency?: string;

  /** A payment method of the gateway, such as `pm_card_visa`. */
  @ApiPropertyOptional({
    example: 'pm_card_visa',
    description: 'The default is STRIPE_DEFAULT_PAYMENT_METHOD.',
  })
  @IsOptional()
  @PlainText()
  readonly paymentMethodId?: string;

  /** The customer of the gateway to whom the payment method belongs. Without it the method must belong to none. */
  @ApiPropertyOptional({
    example: 'cus_1',
    description: 'The customer of the gateway whose saved payment method is charged.',
  })
  @IsOptional()
  @Matches(/^cus_[\w-]{1,251}$/, { message: '$property must be a customer of the gateway, such as cus_1' })
  readonly gatewayCustomerId?: string;

  /** Where the receipt goes. Personal data: not in a log, record or dead letter's detail, and not sent to the gateway. */
  @ApiPropertyOptional({ example: 'customer@example.com', description: 'Without it no receipt is sent.' })
  @IsOptional()
  @IsEmail()
  readonly receiptEmail?: string;
}

/** A payment request as published. Its key is read and checked before the other fields. */
export class PaymentMessage extends PaymentFields {
  @IsOptional()
  readonly idempotencyKey?: string;
}

/** A payment request that can be charged as it is: everything checked, every default filled in. */
export interface PaymentRequest {
  readonly paymentId: string;
  readonly customerId: string;
  readonly paymentMethodId: string;
  readonly gatewayCustomerId?: string;
  readonly money: Money;
  readonly receiptEmail?: string;
}

/** The fields that make two requests the same payment; the address of the receipt is not one of them. */
export function paymentIdentity(request: PaymentRequest): Omit<PaymentRequest, 'receiptEmail'> {
  const { paymentId, customerId, paymentMethodId, gatewayCustomerId, money } = request;
  // Without it as before it existed: records of that time must match.
  const savedBy = gatewayCustomerId === undefined ? {} : { gatewayCustomerId };
  return { paymentId, customerId, paymentMethodId, ...savedBy, money };
}

/** The result of a payment: stored under its key, and replayed for every duplicate. */
export type PaymentResult = {
  readonly paymentId: string;
  readonly amountMinorUnits: number;
  readonly currency: string;
} & (
  | { readonly status: 'succeeded'; readonly chargeId: string }
  | { readonly status: 'declined'; readonly chargeId?: string; readonly declineCode: string }
  /** The gateway has accepted it; the outcome comes later, and this result is then replaced. */
  | { readonly status: 'processing'; readonly chargeId: string }
  /** It was processing, and the money did not come. */
  | { readonly status: 'failed'; readonly chargeId: string; readonly declineCode: string }
);

export type SucceededPayment = Extract<PaymentResult, { readonly status: 'succeeded' }>;
export type EndedPayment = Exclude<PaymentResult, { readonly status: 'processing' }>;
