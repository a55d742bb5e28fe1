import type Stripe from 'stripe';
import type { Charge } from './payment-gateway';
import { KEY_METADATA } from './stripe-client';

/** What is sent for a charge, apart from its key. `amount`: in the unit that the gateway counts in. */
export type ChargeParameters = (charge: Charge, amount: number) => Stripe.PaymentIntentCreateParams;

/** Never changed: payments under way, and late copies of finished ones, were sent with exactly this. */
const version1: ChargeParameters = (charge, amount) => ({
  amount,
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
