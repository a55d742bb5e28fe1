/** The status of a payment. It only goes forward: from `in-progress` to any other one, from `processing` to an end. */
export type LedgerStatus = 'in-progress' | 'processing' | LedgerEnd;
export type LedgerEnd = 'succeeded' | 'declined' | 'failed';

/** A payment as it begins. */
export interface NewPayment {
  readonly idempotencyKey: string;
  readonly paymentId: string;
  readonly customerId: string;
  readonly amountMinorUnits: number;
  readonly currency: string;
  readonly fingerprint: string;
}

/** A payment as the ledger has it. */
export interface LedgerPayment extends Omit<NewPayment, 'fingerprint'> {
  /** Undefined once the customer is forgotten. */
  readonly fingerprint: string | undefined;
  readonly status: LedgerStatus;
  readonly chargeId: string | undefined;
  readonly declineCode: string | undefined;
  readonly attempts: number;
  readonly firstSeenAt: Date;
  readonly settledAt: Date | undefined;
  /** Another one after each change of its row, also by the begin of an attempt. */
  readonly version: string;
  /** How long ago the first attempt began, in ms by the clock of the database. */
  readonly sinceFirstSeenMs: number;
}

/** A row as the driver gives it: bigint and numeric as text. */
export interface PaymentRow {
  readonly key: string;
  readonly payment_id: string;
  readonly customer_id: string;
  readonly amount_minor_units: string;
  readonly currency: string;
  readonly fingerprint: string | null;
  readonly status: LedgerStatus;
  readonly charge_id: string | null;
  readonly decline_code: string | null;
  readonly attempts: number;
  readonly first_seen_at: Date;
  readonly settled_at: Date | null;
  readonly version: string;
  readonly since_first_seen_ms: string;
}

export function paymentFrom(row: PaymentRow): LedgerPayment {
  return {
    idempotencyKey: row.key,
    paymentId: row.payment_id,
    customerId: row.customer_id,
    amountMinorUnits: Number(row.amount_minor_units),
    currency: row.currency,
    fingerprint: row.fingerprint ?? undefined,
    status: row.status,
    chargeId: row.charge_id ?? undefined,
    declineCode: row.decline_code ?? undefined,
    attempts: row.attempts,
    firstSeenAt: row.first_seen_at,
    settledAt: row.settled_at ?? undefined,
    version: row.version,
    sinceFirstSeenMs: Number(row.since_first_seen_ms),
  };
}
