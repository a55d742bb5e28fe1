/** What happens to a charge on one of Stripe's test payment methods. */
export type TestPaymentMethod =
  | { kind: 'succeeds'; brand: string }
  | { kind: 'declines'; code: string; declineCode?: string; message: string };

const declined = 'Your card was declined.';

/** The decline of a payment method that would succeed, ordered as a fault. */
export const declinedCard = cardDeclined('generic_decline');

// Names and codes from https://docs.stripe.com/testing. The last three have their own code and no decline code.
const testPaymentMethods: ReadonlyMap<string, TestPaymentMethod> = new Map<string, TestPaymentMethod>([
  ['pm_card_visa', { kind: 'succeeds', brand: 'visa' }],
  ['pm_card_mastercard', { kind: 'succeeds', brand: 'mastercard' }],
  ['pm_card_amex', { kind: 'succeeds', brand: 'amex' }],
  ['pm_card_visa_chargeDeclined', cardDeclined('generic_decline')],
  [
    'pm_card_visa_chargeDeclinedInsufficientFunds',
    cardDeclined('insufficient_funds', 'Your card has insufficient funds.'),
  ],
  ['pm_card_visa_chargeDeclinedLostCard', cardDeclined('lost_card')],
  ['pm_card_visa_chargeDeclinedStolenCard', cardDeclined('stolen_card')],
  [
    'pm_card_chargeDeclinedExpiredCard',
    { kind: 'declines', code: 'expired_card', message: 'Your card has expired.' },
  ],
  [
    'pm_card_chargeDeclinedIncorrectCvc',
    { kind: 'declines', code: 'incorrect_cvc', message: "Your card's security code is incorrect." },
  ],
  [
    'pm_card_chargeDeclinedProcessingError',
    {
      kind: 'declines',
      code: 'processing_error',
      message: 'An error occurred while processing your card. Try again in a little bit.',
    },
  ],
]);

export function findTestPaymentMethod(id: string): TestPaymentMethod | undefined {
  return testPaymentMethods.get(id);
}

function cardDeclined(declineCode: string, message = declined) {
  return { kind: 'declines' as const, code: 'card_declined', declineCode, message };
}
