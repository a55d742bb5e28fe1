/** What the gateway's journal says of the end of a payment. */
export type Outcome = 'charge' | 'decline' | 'cancel';

interface PaymentMethod {
  outcome: Outcome;
  /** Whether the gateway accepts the payment first, and decides about it later. */
  comesLater: boolean;
  /** The one currency that it supports. */
  currency?: string;
}

export const declinedCard = 'pm_card_visa_chargeDeclined';
/** Its amounts are held until the run captures them. */
export const holdingCard = 'pm_card_visa_requiresCapture';
const usualCard = 'pm_card_visa';

const methods: Readonly<Record<string, PaymentMethod>> = {
  [usualCard]: { outcome: 'charge', comesLater: false },
  [declinedCard]: { outcome: 'decline', comesLater: false },
  [holdingCard]: { outcome: 'charge', comesLater: true },
  pm_usBankAccount_success: { outcome: 'charge', comesLater: true, currency: 'USD' },
  pm_sepaDebit_success: { outcome: 'charge', comesLater: true, currency: 'EUR' },
  pm_usBankAccount_insufficientFunds: { outcome: 'decline', comesLater: true, currency: 'USD' },
  pm_usBankAccount_canceled: { outcome: 'cancel', comesLater: true, currency: 'USD' },
};

/** Bank debits: those that succeed are as many as the others. */
export const debits = [
  'pm_usBankAccount_success',
  'pm_usBankAccount_insufficientFunds',
  'pm_sepaDebit_success',
  'pm_usBankAccount_canceled',
] as const;

/** All payment methods whose payments end later. */
export const laterMethods: readonly string[] = Object.keys(methods).filter((id) => methodOf(id).comesLater);

export function methodOf(id: string): PaymentMethod {
  const method = methods[id];
  if (method === undefined) throw new Error(`the load has no payment method ${id}`);
  return method;
}
