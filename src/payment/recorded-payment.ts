import { isCurrencyCode } from '../money/currencies';
import type { SucceededPayment } from './payment.dto';

/** What a record says of a payment that succeeded; undefined for any other end, and for what is no result of a payment. */
export function succeededPaymentIn(result: unknown): SucceededPayment | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  const { status, paymentId, chargeId, amountMinorUnits, currency } = result as Record<string, unknown>;
  if (status !== 'succeeded' || typeof paymentId !== 'string' || typeof chargeId !== 'string')
    return undefined;
  if (typeof amountMinorUnits !== 'number' || !isCurrencyCode(currency)) return undefined;
  return { status, paymentId, chargeId, amountMinorUnits, currency };
}
