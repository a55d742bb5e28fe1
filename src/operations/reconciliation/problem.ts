import type { PaymentFacts } from './payment-facts';

/** What is wrong with a payment. */
export interface Problem {
  readonly kind:
    | 'charged-twice'
    | 'charged-without-record'
    | 'charged-and-dead-letter'
    | 'charged-although-declined'
    | 'charged-although-failed'
    | 'charged-not-in-ledger'
    | 'recorded-without-charge'
    | 'recorded-and-dead-letter'
    | 'recorded-not-in-ledger'
    | 'ledger-differs-from-record'
    | 'ledger-without-charge'
    | 'unreadable-record'
    | 'without-end';
  readonly detail: string;
  /** What the operator should do. */
  readonly advice: string;
}

export function idsOf(charges: PaymentFacts['charges']): string {
  return charges.map(({ chargeId }) => chargeId).join(', ');
}
