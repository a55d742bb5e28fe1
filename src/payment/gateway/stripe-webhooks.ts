import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { Environment } from '../../config/environment';
import type { ChargeReport } from './payment-gateway';
import { reportOn } from './stripe-decision';

/** How old a signature may be: Stripe's own default (https://docs.stripe.com/webhooks#replay-attacks). */
const TOLERANCE_SECONDS = 300;

/** A webhook that is not one of the gateway's, or an old one. */
export class InvalidWebhookError extends Error {
  override readonly name = 'InvalidWebhookError';
}

/** An event of the gateway whose signature is right. */
export interface WebhookEvent {
  /** The same for each delivery. */
  readonly id: string;
  readonly type: string;
  /** Undefined if it is not about a payment. */
  readonly report: ChargeReport | undefined;
}

/** Checks and reads webhooks. */
@Injectable()
export class StripeWebhooks {
  constructor(private readonly environment: Environment) {}

  /**
   * While a secret is replaced there are two, and each is accepted.
   *
   * @param body as it was received: the signature is over its bytes
   * @throws InvalidWebhookError
   */
  read(body: Buffer, signature: string): WebhookEvent {
    const events = this.environment.stripeWebhookSecrets.map((secret) => verified(body, signature, secret));
    const event = events.find((found) => found !== undefined);
    if (event) return readEvent(event);
    throw new InvalidWebhookError(
      `the signature is not one of STRIPE_WEBHOOK_SECRET over this body, or is older than ${TOLERANCE_SECONDS} s`,
    );
  }
}

function verified(body: Buffer, signature: string, secret: string): Stripe.Event | undefined {
  try {
    return Stripe.webhooks.constructEvent(body, signature, secret, TOLERANCE_SECONDS);
  } catch {
    // Not signed with this secret, or a body that is not JSON: the package's text may quote it.
    return undefined;
  }
}

/** Signed, so the gateway wrote it; but another version of its API may have. */
function readEvent({ id, type, data }: Partial<Stripe.Event>): WebhookEvent {
  if (typeof id !== 'string' || typeof type !== 'string')
    throw new InvalidWebhookError('the body is not an event: it has no id or no type');
  const object = data?.object;
  const isPayment = object?.object === 'payment_intent' && 'metadata' in object;
  return { id, type, report: isPayment ? reportOn(object) : undefined };
}
