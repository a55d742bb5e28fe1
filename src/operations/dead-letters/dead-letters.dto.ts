import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { Equals, IsBoolean, IsInt, Max, Min, ValidateBy, ValidateIf } from 'class-validator';
import type { DeadLetter, DeadLetterContent } from './dead-letter';
import type { DeadLetterList } from './dead-letters';

export class ListQuery {
  /** How many to show, the oldest first. */
  @ApiPropertyOptional({ minimum: 1, maximum: 1000, default: 100, example: 100 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  readonly limit: number = 100;
}

/** Either `id` or `all`. */
export class ReplayBody {
  @ApiPropertyOptional({ example: '05a831c93693' })
  @ValidateIf((body: ReplayBody) => body.all === undefined || body.id !== undefined)
  @ValidateBy({
    name: 'isOnlyId',
    validator: {
      validate: (id, args) => typeof id === 'string' && (args?.object as ReplayBody).all === undefined,
      defaultMessage: () => 'either id must be the id of a dead letter, or all must be true',
    },
  })
  readonly id?: string;

  @ApiPropertyOptional({ enum: [true], description: 'All dead letters that are in the queue now.' })
  @ValidateIf((body: ReplayBody) => body.id === undefined || body.all !== undefined)
  @Equals(true, { message: 'all must be true, or id must be the id of a dead letter' })
  readonly all?: boolean;

  /** Also replays messages outside the deduplication window, which may have been charged already. */
  @ApiPropertyOptional({ default: false })
  @IsBoolean()
  readonly force: boolean = false;
}

export class DeadLetterAnswer implements DeadLetter {
  @ApiProperty({ description: 'A hash of the message: the same each time the queue is read.' })
  readonly id: string = '';

  @ApiProperty({
    description: 'One of the service’s reasons, or the broker’s: `delivery-limit`, `expired`.',
  })
  readonly reason: string = '';

  @ApiProperty({ description: 'Whether the payment with its key ends here.' })
  readonly endsPayment: boolean = false;

  @ApiProperty({ description: 'The kind of message: a replay goes to the queue it failed in.' })
  readonly routingKey: string = '';

  @ApiProperty()
  readonly detail: string = '';

  @ApiProperty()
  readonly attempts: number = 0;

  @ApiPropertyOptional()
  readonly idempotencyKey?: string;

  @ApiPropertyOptional({ description: 'The RabbitMQ user who published it, if known.' })
  readonly publisher?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  readonly publishedAt?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  readonly deadLetteredAt?: string;
}

export class DeadLetterContentAnswer extends DeadLetterAnswer implements DeadLetterContent {
  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly headers: Readonly<Record<string, unknown>> = {};

  @ApiProperty({ description: 'Decoded as UTF-8, even if it is not text.' })
  readonly body: string = '';
}

export class DeadLetterListAnswer implements DeadLetterList {
  @ApiProperty({ description: 'Number of dead letters in the queue.' })
  readonly total: number = 0;

  @ApiProperty({ type: [DeadLetterAnswer], description: 'Oldest first.' })
  readonly deadLetters: DeadLetterAnswer[] = [];
}

export class ReplayedAnswer {
  @ApiProperty({ example: 1 })
  readonly replayed: number = 0;
}

export const DEAD_LETTER_EXAMPLE = {
  id: '05a831c93693',
  reason: 'retries-exhausted',
  endsPayment: true,
  routingKey: 'payment.requested',
  detail: 'gateway unavailable: StripeAPIError, 500',
  attempts: 8,
  idempotencyKey: 'abc-123-def-456',
  publishedAt: '2026-01-02T03:04:05.000Z',
  deadLetteredAt: '2026-01-02T03:09:10.123Z',
};
