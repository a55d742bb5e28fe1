import { isCurrencyCode } from '../money/currencies';
import type { PaymentResult, SucceededPayment } from './payment.dto';

type ProcessingPayment = Extract<PaymentResult, { readonly status: 'processing' }>;

/** The successful payment in a record's result; undefined for any other result. */
export function succeededPaymentIn(result: unknown): SucceededPayment | undefined {
  const payment = chargedPaymentIn(result);
  return payment?.status === 'succeeded' ? payment : undefined;
}

/** The payment in a record's result whose outcome comes later; undefined for any other result. */
export function processingPaymentIn(result: unknown): ProcessingPayment | undefined {
  const payment = chargedPaymentIn(result);
  return payment?.status === 'processing' ? payment : undefined;
}

function chargedPaymentIn(result: unknown): SucceededPayment | ProcessingPayment | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  const { status, paymentId, chargeId, amountMinorUnits, currency } = result as Record<string, unknown>;
  if (status !== 'succeeded' && status !== 'processing') return undefined;
  if (typeof paymentId !== 'string' || typeof chargeId !== 'string') return undefined;
  if (typeof amountMinorUnits !== 'number' || !isCurrencyCode(currency)) return undefined;
  return { status, paymentId, chargeId, amountMinorUnits, currency };
}
