/** Test payment methods that end in different ways. @type {readonly { name: string, label: string }[]} */
export const PAYMENT_METHODS = [
  { name: 'pm_card_visa', label: 'Visa' },
  { name: 'pm_card_mastercard', label: 'Mastercard' },
  { name: 'pm_card_visa_chargeDeclined', label: 'Visa, declined' },
  { name: 'pm_card_visa_chargeDeclinedInsufficientFunds', label: 'Visa, declined: insufficient funds' },
  { name: 'pm_card_chargeDeclinedExpiredCard', label: 'Card, declined: expired' },
  { name: 'pm_usBankAccount_success', label: 'US bank account, settles later' },
  { name: 'pm_usBankAccount_insufficientFunds', label: 'US bank account, fails later: insufficient funds' },
  { name: 'pm_sepaDebit_success', label: 'SEPA debit, only in EUR, settles later' },
];
