import { Controller, Get, Query, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { isKey } from 'nestjs-idempotent';
import { ApiError, ApiFieldErrors } from '../../http/api-answers';
import { fieldErrors, fieldErrorsPipe } from '../../input/field-errors';
import { LedgerUnavailableError } from '../ledger-errors';
import { ListQuery, PaymentPage } from './list.dto';
import { PaymentList, type Cursor } from './payment-list';

/** Lists the payments of the ledger. Changes nothing, and shows no personal data. */
@Controller('payments')
export class ListController {
  constructor(private readonly payments: PaymentList) {}

  @Get()
  @ApiOkResponse({
    type: PaymentPage,
    description: 'A page of payments, newest first.',
    example: {
      payments: [
        {
          idempotencyKey: 'abc-123',
          paymentId: 'PAY-001',
          amountMinorUnits: 9999,
          currency: 'USD',
          status: 'succeeded',
          chargeId: 'pi_1',
          attempts: 1,
          firstSeenAt: '2026-01-02T03:04:05.678Z',
          settledAt: '2026-01-02T03:04:05.712Z',
        },
      ],
      nextCursor: 'MTc2NzMyMjY0NTY3ODAwMDphYmMtMTIz',
    },
  })
  @ApiFieldErrors({ field: 'cursor', problem: 'cursor must be nextCursor of an earlier page' })
  @ApiError({
    status: 503,
    description: 'The ledger is unavailable.',
    message: "the ledger did not confirm 'list': timeout",
  })
  async list(@Query(fieldErrorsPipe) query: ListQuery): Promise<PaymentPage> {
    const { customerId, status, from, to, cursor } = query;
    const filter = { customerId, status, from: instantIn(from), to: instantIn(to) };
    try {
      const { payments, next } = await this.payments.page(filter, cursorFrom(cursor));
      return { payments, ...(next && { nextCursor: textOf(next) }) };
    } catch (error) {
      if (error instanceof LedgerUnavailableError) throw new ServiceUnavailableException(error.message);
      throw error;
    }
  }
}

function instantIn(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}

function textOf({ firstSeenUs, idempotencyKey }: Cursor): string {
  return Buffer.from(`${firstSeenUs}:${idempotencyKey}`).toString('base64url');
}

function cursorFrom(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined;
  const [, firstSeenUs, idempotencyKey] =
    /^(\d{1,16}):(.+)$/.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  if (firstSeenUs !== undefined && isKey(idempotencyKey)) return { firstSeenUs, idempotencyKey };
  throw fieldErrors([{ field: 'cursor', problem: 'cursor must be nextCursor of an earlier page' }]);
}
