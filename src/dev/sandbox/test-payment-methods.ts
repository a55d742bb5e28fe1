/** What a test payment method does with a payment. */
export type TestPaymentMethod =
  /** With a `customer`, it is saved, and belongs to that one. */
  | { kind: 'succeeds'; brand: string; customer?: string }
  | { kind: 'declines'; failure: PaymentFailure }
  | WaitingMethod;

/** A payment method whose payments are not decided at once. */
export interface WaitingMethod {
  kind: 'waits';
  /** Until the payment ends. */
  status: WaitingStatus;
  /** How the payment ends, unless the control API says otherwise. */
  ending: Ending;
  /** Why it fails, if it does. */
  failure: PaymentFailure;
  /** Only for bank debits: Stripe's type, and the one currency that it supports. */
  debit?: BankDebit;
}

export type WaitingStatus = 'processing' | 'requires_capture' | 'requires_action';

export const endings = ['succeeded', 'failed', 'canceled'] as const;
export type Ending = (typeof endings)[number];

interface BankDebit {
  type: 'us_bank_account' | 'sepa_debit';
  currency: string;
}

/** Why a payment failed, in the words of Stripe's API. */
export interface PaymentFailure {
  type: 'card_error' | 'invalid_request_error';
  code: string;
  declineCode?: string;
  message: string;
}

const declined = 'Your card was declined.';

/** The decline of a payment method that would succeed, ordered as a fault. */
export const genericDecline = cardDeclined('generic_decline');

/** Of a payment that needs its customer, with `error_on_requires_action`. */
export const authenticationRequired: PaymentFailure = {
  type: 'card_error',
  code: 'authentication_required',
  declineCode: 'authentication_required',
  message: 'Your card was declined. This transaction requires authentication.',
};

const notAuthenticated: PaymentFailure = {
  type: 'invalid_request_error',
  code: 'payment_intent_authentication_failure',
  message: 'The provided PaymentMethod has failed authentication.',
};
const insufficientFunds = debitFailed(
  'insufficient_funds',
  "The customer's account has insufficient funds to cover this payment.",
);
const accountClosed = debitFailed('account_closed', "The customer's bank account has been closed.");

const usBankAccount: BankDebit = { type: 'us_bank_account', currency: 'usd' };
const sepaDebit: BankDebit = { type: 'sepa_debit', currency: 'eur' };

// Names and codes of cards from https://docs.stripe.com/testing, of debits from
// https://docs.stripe.com/payments/ach-direct-debit/accept-a-payment#test-account-numbers. `pm_sepaDebit_success`,
// `pm_usBankAccount_canceled` and `pm_card_visa_requiresCapture` are the sandbox's own: Stripe's debits have no test
// account that is canceled, its SEPA ones are named after countries, and it holds an amount for a parameter, not for a card.
export const testPaymentMethods: ReadonlyMap<string, TestPaymentMethod> = new Map<string, TestPaymentMethod>([
  ['pm_card_visa', { kind: 'succeeds', brand: 'visa' }],
  ['pm_card_mastercard', { kind: 'succeeds', brand: 'mastercard' }],
  ['pm_card_amex', { kind: 'succeeds', brand: 'amex' }],
  ['pm_card_saved', { kind: 'succeeds', brand: 'visa', customer: 'cus_sandbox' }],
  ['pm_card_visa_chargeDeclined', declines(genericDecline)],
  [
    'pm_card_visa_chargeDeclinedInsufficientFunds',
    declines(cardDeclined('insufficient_funds', 'Your card has insufficient funds.')),
  ],
  ['pm_card_visa_chargeDeclinedLostCard', declines(cardDeclined('lost_card'))],
  ['pm_card_visa_chargeDeclinedStolenCard', declines(cardDeclined('stolen_card'))],
  // These three have their own code and no decline code.
  [
    'pm_card_chargeDeclinedExpiredCard',
    declines({ type: 'card_error', code: 'expired_card', message: 'Your card has expired.' }),
  ],
  [
    'pm_card_chargeDeclinedIncorrectCvc',
    declines({
      type: 'card_error',
      code: 'incorrect_cvc',
      message: "Your card's security code is incorrect.",
    }),
  ],
  [
    'pm_card_chargeDeclinedProcessingError',
    declines({
      type: 'card_error',
      code: 'processing_error',
      message: 'An error occurred while processing your card. Try again in a little bit.',
    }),
  ],
  [
    'pm_card_visa_requiresCapture',
    { kind: 'waits', status: 'requires_capture', ending: 'succeeded', failure: genericDecline },
  ],
  [
    'pm_card_authenticationRequired',
    { kind: 'waits', status: 'requires_action', ending: 'succeeded', failure: notAuthenticated },
  ],
  ['pm_usBankAccount_success', processes(usBankAccount, { ending: 'succeeded' })],
  ['pm_usBankAccount_insufficientFunds', processes(usBankAccount, { ending: 'failed' })],
  ['pm_usBankAccount_accountClosed', processes(usBankAccount, { ending: 'failed', failure: accountClosed })],
  ['pm_usBankAccount_canceled', processes(usBankAccount, { ending: 'canceled' })],
  ['pm_sepaDebit_success', processes(sepaDebit, { ending: 'succeeded' })],
]);

export function findTestPaymentMethod(id: string): TestPaymentMethod | undefined {
  return testPaymentMethods.get(id);
}

function declines(failure: PaymentFailure): TestPaymentMethod {
  return { kind: 'declines', failure };
}

function processes(
  debit: BankDebit,
  { ending, failure = insufficientFunds }: { ending: Ending; failure?: PaymentFailure },
): TestPaymentMethod {
  return { kind: 'waits', status: 'processing', ending, failure, debit };
}

function cardDeclined(declineCode: string, message = declined): PaymentFailure {
  return { type: 'card_error', code: 'card_declined', declineCode, message };
}

function debitFailed(code: string, message: string): PaymentFailure {
  return { type: 'invalid_request_error', code, message };
}
