import type { LedgerStatus } from './ledger-payment';

/** Payments of one currency and status, and what they sum up to. */
export interface PaymentSum {
  readonly currency: string;
  readonly status: LedgerStatus;
  readonly payments: number;
  readonly minorUnits: number;
}

/** What a sum needs of a row; bigint comes as text. */
export interface SummedRow {
  readonly amount_minor_units: string;
  readonly currency: string;
  readonly status: LedgerStatus;
}

/** Sums by currency and status, in the order of their names. */
export function sumsOf(rows: readonly SummedRow[]): PaymentSum[] {
  return merged(
    rows.map((row) => ({
      currency: row.currency,
      status: row.status,
      payments: 1,
      minorUnits: Number(row.amount_minor_units),
    })),
  );
}

/** One sum for each currency and status. */
export function merged(sums: readonly PaymentSum[]): PaymentSum[] {
  const byName = new Map<string, PaymentSum>();
  for (const sum of sums) {
    const name = nameOf(sum);
    const { payments, minorUnits } = byName.get(name) ?? { payments: 0, minorUnits: 0 };
    byName.set(name, {
      ...sum,
      payments: payments + sum.payments,
      minorUnits: minorUnits + sum.minorUnits,
    });
  }
  return [...byName.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function nameOf({ currency, status }: PaymentSum): string {
  return `${currency} ${status}`;
}
