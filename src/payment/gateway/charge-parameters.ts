import type Stripe from 'stripe';
import type { CurrencyCode } from '../../money/currencies';
import type { Charge } from './payment-gateway';
import { KEY_METADATA } from './stripe-client';

/** The parameters sent for a charge, without its key; they depend only on the charge, so they never change for it. */
export type ChargeParameters = (charge: Charge) => Stripe.PaymentIntentCreateParams;

/** Currencies that version 1 sends in hundredths of a minor unit; a copy, so that a change of `currencies.ts` has no effect. */
const HUNDREDTHS_IN_VERSION_1: readonly CurrencyCode[] = ['ISK', 'UGX'];

/** Never change it: payments in progress, and late copies of finished ones, were sent with exactly these parameters. */
const version1: ChargeParameters = (charge) => ({
  amount: charge.money.minorUnits * (HUNDREDTHS_IN_VERSION_1.includes(charge.money.currency) ? 100 : 1),
  currency: charge.money.currency.toLowerCase(),
  payment_method: charge.paymentMethodId,
  ...savedMethod(charge),
  automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  confirm: true,
  error_on_requires_action: true,
  metadata: {
    [KEY_METADATA]: charge.idempotencyKey,
    payment_id: charge.paymentId,
    customer_id: charge.customerId,
  },
});

/**
 * A saved payment method is charged while the customer is not there, who has agreed to that when it was saved
 * (https://docs.stripe.com/payments/save-during-payment). Charges without one are sent as before these parameters existed.
 */
function savedMethod({
  gatewayCustomerId,
}: Charge): Pick<Stripe.PaymentIntentCreateParams, 'customer' | 'off_session'> {
  return gatewayCustomerId === undefined ? {} : { customer: gatewayCustomerId, off_session: true };
}

/**
 * Every version that the service has sent, newest first. The gateway rejects a known key with other parameters, so a
 * change needs a new version here: a payment that began under an older version is then finished under that version.
 */
export const CHARGE_VERSIONS: readonly [ChargeParameters, ...ChargeParameters[]] = [version1];
