import { Injectable } from '@nestjs/common';
import { LedgerDatabase } from '../ledger-database';
import { ledgerErrorFrom } from '../ledger-errors';
import type { LedgerStatus } from '../ledger-payment';

const PAGE = 100;

/** Newest first, behind the cursor. The first parameter that is null does not filter. */
const LIST = `
SELECT key, payment_id, amount_minor_units, currency, status, charge_id, decline_code, attempts, first_seen_at, settled_at,
  (extract(epoch FROM first_seen_at) * 1000000)::bigint AS first_seen_us
FROM payments
WHERE ($1::text IS NULL OR customer_id = $1)
  AND ($2::text IS NULL OR status = $2)
  AND ($3::timestamptz IS NULL OR first_seen_at >= $3)
  AND ($4::timestamptz IS NULL OR first_seen_at < $4)
  AND ($5::bigint IS NULL
    OR (first_seen_at, key) < (timestamptz 'epoch' + $5::bigint * interval '1 microsecond', $6::text COLLATE "C"))
ORDER BY first_seen_at DESC, key DESC LIMIT $7`;

/** Which payments; without any of it, all. */
export interface PaymentFilter {
  readonly customerId?: string | undefined;
  readonly status?: LedgerStatus | undefined;
  /** First seen from then on. */
  readonly from?: Date | undefined;
  /** First seen before. */
  readonly to?: Date | undefined;
}

/** Behind which payment a page begins. */
export interface Cursor {
  readonly firstSeenUs: string;
  readonly idempotencyKey: string;
}

/** A payment as it is listed: without its customer, which is personal data. */
export interface ListedPayment {
  readonly idempotencyKey: string;
  readonly paymentId: string;
  readonly amountMinorUnits: number;
  readonly currency: string;
  readonly status: LedgerStatus;
  readonly chargeId?: string;
  readonly declineCode?: string;
  readonly attempts: number;
  readonly firstSeenAt: string;
  readonly settledAt?: string;
}

interface ListedRow {
  readonly key: string;
  readonly payment_id: string;
  readonly amount_minor_units: string;
  readonly currency: string;
  readonly status: LedgerStatus;
  readonly charge_id: string | null;
  readonly decline_code: string | null;
  readonly attempts: number;
  readonly first_seen_at: Date;
  readonly settled_at: Date | null;
  readonly first_seen_us: string;
}

/** Lists payments, newest first. */
@Injectable()
export class PaymentList {
  constructor(private readonly database: LedgerDatabase) {}

  /**
   * One page, and the cursor of the next one if there is one. Payments that begin meanwhile are before the first page.
   *
   * @throws LedgerUnavailableError
   */
  async page(
    { customerId, status, from, to }: PaymentFilter,
    after?: Cursor,
  ): Promise<{ readonly payments: readonly ListedPayment[]; readonly next: Cursor | undefined }> {
    const values = [customerId, status, from, to, after?.firstSeenUs, after?.idempotencyKey, PAGE + 1];
    const rows = await this.read(values.map((value) => value ?? null));
    const shown = rows.slice(0, PAGE);
    const last = rows.length > PAGE ? shown.at(-1) : undefined;
    return {
      payments: shown.map(listedFrom),
      next: last && { firstSeenUs: last.first_seen_us, idempotencyKey: last.key },
    };
  }

  private async read(values: readonly unknown[]): Promise<ListedRow[]> {
    try {
      return await this.database.rowsOf<ListedRow>(LIST, values);
    } catch (error) {
      throw ledgerErrorFrom('list', error);
    }
  }
}

function listedFrom(row: ListedRow): ListedPayment {
  return {
    idempotencyKey: row.key,
    paymentId: row.payment_id,
    amountMinorUnits: Number(row.amount_minor_units),
    currency: row.currency,
    status: row.status,
    ...(row.charge_id !== null && { chargeId: row.charge_id }),
    ...(row.decline_code !== null && { declineCode: row.decline_code }),
    attempts: row.attempts,
    firstSeenAt: row.first_seen_at.toISOString(),
    ...(row.settled_at !== null && { settledAt: row.settled_at.toISOString() }),
  };
}
