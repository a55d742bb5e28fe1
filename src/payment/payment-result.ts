import type { LedgerPayment } from '../ledger/ledger-payment';
import type { ChargeEnd, ChargeResult } from './gateway/payment-gateway';
import type { EndedPayment, PaymentRequest, PaymentResult } from './payment.dto';

type Facts = Pick<PaymentResult, 'paymentId' | 'amountMinorUnits' | 'currency'>;

/** The result of a charge. */
export function resultOf({ paymentId, money }: PaymentRequest, decision: ChargeResult): PaymentResult {
  const facts = { paymentId, amountMinorUnits: money.minorUnits, currency: money.currency };
  switch (decision.kind) {
    case 'succeeded':
      return { ...facts, status: 'succeeded', chargeId: decision.chargeId };
    case 'declined': {
      const { chargeId, declineCode } = decision;
      return { ...facts, status: 'declined', ...(chargeId !== undefined && { chargeId }), declineCode };
    }
    case 'processing':
      return { ...facts, status: 'processing', chargeId: decision.chargeId };
    default:
      return decision satisfies never;
  }
}

/** The result of a payment that was processing. */
export function laterResultOf(
  { paymentId, amountMinorUnits, currency }: Facts,
  chargeId: string,
  end: ChargeEnd,
): EndedPayment {
  const facts = { paymentId, amountMinorUnits, currency };
  switch (end.kind) {
    case 'succeeded':
      return { ...facts, status: 'succeeded', chargeId };
    case 'declined':
      return { ...facts, status: 'failed', chargeId, declineCode: end.declineCode };
    default:
      return end satisfies never;
  }
}

/** The result of a payment as the ledger has it; undefined while it has none. */
export function resultIn(payment: LedgerPayment): PaymentResult | undefined {
  const { paymentId, amountMinorUnits, currency, status, chargeId, declineCode = '' } = payment;
  const facts = { paymentId, amountMinorUnits, currency };
  switch (status) {
    case 'in-progress':
      return undefined;
    case 'declined':
      return { ...facts, status, ...(chargeId !== undefined && { chargeId }), declineCode };
    case 'processing':
    case 'succeeded':
      return { ...facts, status, chargeId: chargeIn(payment) };
    case 'failed':
      return { ...facts, status, chargeId: chargeIn(payment), declineCode };
    default:
      return status satisfies never;
  }
}

function chargeIn({ idempotencyKey, chargeId }: LedgerPayment): string {
  if (chargeId !== undefined) return chargeId;
  throw new Error(
    `the ledger has no charge for the payment '${idempotencyKey}', which its constraints forbid`,
  );
}
