import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsISO8601, IsOptional, IsString, Length } from 'class-validator';
import type { LedgerStatus } from '../ledger-payment';

const STATUSES: readonly LedgerStatus[] = ['in-progress', 'processing', 'succeeded', 'declined', 'failed'];
const INSTANT = 'an instant, as in ISO 8601, such as 2026-11-30T00:00:00Z';

/** Query of `GET /payments`. */
export class ListQuery {
  @ApiPropertyOptional({ example: 'CUST-001' })
  @IsOptional()
  @IsString()
  @Length(1, 255)
  readonly customerId?: string;

  @ApiPropertyOptional({ enum: STATUSES })
  @IsOptional()
  @IsIn(STATUSES)
  readonly status?: LedgerStatus;

  @ApiPropertyOptional({ format: 'date-time', description: 'First seen from then on.' })
  @IsOptional()
  @IsISO8601({ strict: true }, { message: `$property must be ${INSTANT}` })
  readonly from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'First seen before.' })
  @IsOptional()
  @IsISO8601({ strict: true }, { message: `$property must be ${INSTANT}` })
  readonly to?: string;

  @ApiPropertyOptional({ description: '`nextCursor` of the page before.' })
  @IsOptional()
  @IsString()
  @Length(1, 1000)
  readonly cursor?: string;
}

/** One payment of the list. */
export class ListedPaymentAnswer {
  @ApiProperty()
  readonly idempotencyKey: string = '';

  @ApiProperty({ example: 'PAY-001' })
  readonly paymentId: string = '';

  @ApiProperty({ example: 9999 })
  readonly amountMinorUnits: number = 0;

  @ApiProperty({ example: 'USD' })
  readonly currency: string = '';

  @ApiProperty({ enum: STATUSES })
  readonly status: LedgerStatus = 'in-progress';

  @ApiPropertyOptional({ example: 'pi_1' })
  readonly chargeId?: string;

  @ApiPropertyOptional({ example: 'insufficient_funds' })
  readonly declineCode?: string;

  @ApiProperty({ description: 'How many attempts have begun.' })
  readonly attempts: number = 0;

  @ApiProperty({ format: 'date-time' })
  readonly firstSeenAt: string = '';

  @ApiPropertyOptional({ format: 'date-time' })
  readonly settledAt?: string;
}

/** Answer of `GET /payments`. */
export class PaymentPage {
  @ApiProperty({ type: [ListedPaymentAnswer], description: 'At most 100, newest first.' })
  readonly payments: readonly ListedPaymentAnswer[] = [];

  @ApiPropertyOptional({ description: 'For the next page, if there is one.' })
  readonly nextCursor?: string;
}
