import { isCurrencyCode } from '../money/currencies';
import type { SucceededPayment } from './payment.dto';

/** The successful payment in a record's result; undefined for any other result. */
export function succeededPaymentIn(result: unknown): SucceededPayment | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  const { status, paymentId, chargeId, amountMinorUnits, currency } = result as Record<string, unknown>;
  if (status !== 'succeeded' || typeof paymentId !== 'string' || typeof chargeId !== 'string')
    return undefined;
  if (typeof amountMinorUnits !== 'number' || !isCurrencyCode(currency)) return undefined;
  return { status, paymentId, chargeId, amountMinorUnits, currency };
}
