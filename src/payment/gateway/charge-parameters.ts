import type Stripe from 'stripe';
import type { CurrencyCode } from '../currencies';
import type { Charge } from './payment-gateway';
import { KEY_METADATA } from './stripe-client';

/** All that is sent for a charge, apart from its key; made from the charge alone, so that it stays the same for ever. */
export type ChargeParameters = (charge: Charge) => Stripe.PaymentIntentCreateParams;

/** What version 1 sends in hundredths of a minor unit: a copy, so that a correction of `currencies.ts` changes nothing. */
const HUNDREDTHS_IN_VERSION_1: readonly CurrencyCode[] = ['ISK', 'UGX'];

/** Never changed: payments under way, and late copies of finished ones, were sent with exactly this. */
const version1: ChargeParameters = (charge) => ({
  amount: charge.money.minorUnits * (HUNDREDTHS_IN_VERSION_1.includes(charge.money.currency) ? 100 : 1),
  currency: charge.money.currency.toLowerCase(),
  payment_method: charge.paymentMethodId,
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
 * Every version that the service has sent, the newest first. The gateway refuses a known key with other parameters, so
 * a change is a new version here: what was begun under an older one is then finished under that.
 */
export const CHARGE_VERSIONS: readonly [ChargeParameters, ...ChargeParameters[]] = [version1];
