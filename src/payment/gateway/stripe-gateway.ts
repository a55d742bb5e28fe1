import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import Stripe from 'stripe';
import { Environment } from '../../config/environment';
import { CHARGE_VERSIONS, type ChargeParameters } from './charge-parameters';
import {
  GatewayError,
  keyReused,
  outcomeUnknown,
  type Charge,
  type ChargeReport,
  type ChargeResult,
  type FoundCharge,
  type GatewayProbe,
  type PaymentGateway,
} from './payment-gateway';
import { openStripe } from './stripe-client';
import { reportOn, requireDecision } from './stripe-decision';
import { declinedIn, gatewayErrorFrom, readFailure } from './stripe-errors';
import { findPayment } from './stripe-look-up';

/** Stripe's longest idempotency key. */
const LONGEST_KEY = 255;
/** Short, because callers wait for a probe. */
const PROBE_TIMEOUT_MS = 3_000;

/** Charges through Stripe PaymentIntents, created and confirmed in one call. */
@Injectable()
export class StripeGateway implements PaymentGateway {
  private readonly stripe: Stripe;
  private probing: Promise<GatewayProbe> | undefined;

  /** `versions`: the parameters that may have been sent for a charge, newest first. */
  constructor(
    private readonly environment: Environment,
    private readonly versions: readonly ChargeParameters[] = CHARGE_VERSIONS,
  ) {
    // The client's retries would hide attempts and use up the lease; ours are counted, delayed and survive a crash. One
    // remains: when the connection is closed during a call, the client repeats it at once with the same key.
    this.stripe = openStripe(environment, { maxNetworkRetries: 0 });
  }

  async charge(charge: Charge): Promise<ChargeResult> {
    let isKeyKnown = false;
    for (const parametersOf of this.versions) {
      try {
        const sending = this.send(charge, parametersOf(charge));
        return await (isKeyKnown ? afterSending(sending) : sending);
      } catch (error) {
        // The gateway did nothing. An older version of this service may have sent the charge first: at most one version
        // has the parameters of that time, and the gateway accepts only those, even if the process crashes in between.
        if (!isKeyReused(error)) throw error;
        isKeyKnown = true;
      }
    }
    // Sent by a newer version of this service, or by another program.
    const found = await afterSending(this.search(charge));
    switch (found.kind) {
      case 'key-reused':
        throw keyReused();
      case 'not-found':
        throw found.isCertain ? keyReused() : outcomeUnknown();
      default:
        return found;
    }
  }

  async find(charge: Charge): Promise<FoundCharge> {
    try {
      return await this.search(charge);
    } catch (error) {
      throw await this.narrowUnauthorized(readFailure(error));
    }
  }

  async look(chargeId: string): Promise<ChargeReport> {
    try {
      return reportOn(await this.stripe.paymentIntents.retrieve(chargeId));
    } catch (error) {
      throw readFailure(error);
    }
  }

  /** One call at a time: concurrent callers share one answer, such as when our key is refused for many payments. */
  probe(): Promise<GatewayProbe> {
    this.probing ??= this.sendProbe().finally(() => {
      this.probing = undefined;
    });
    return this.probing;
  }

  private async send(charge: Charge, parameters: Stripe.PaymentIntentCreateParams): Promise<ChargeResult> {
    const underKey = { idempotencyKey: gatewayKey(charge.idempotencyKey) };
    let intent: Stripe.PaymentIntent;
    try {
      intent = await withoutStackTrace(() => this.stripe.paymentIntents.create(parameters, underKey));
    } catch (error) {
      const declined = declinedIn(error);
      if (declined) return declined;
      const failed = gatewayErrorFrom(error);
      if (failed.failure.kind !== 'outcome-unknown') throw await this.narrowUnauthorized(failed);
      // The answer never changes under this key, and a new key might charge twice, so the payment is searched for.
      return requireFound(await afterSending(this.search(charge)));
    }
    return afterSending(this.decide(intent));
  }

  private async decide(intent: Stripe.PaymentIntent): Promise<ChargeResult> {
    // A repeated key gets the first answer, so a payment that was processing at that time is read again.
    return requireDecision(
      intent.status === 'processing' ? await this.stripe.paymentIntents.retrieve(intent.id) : intent,
    );
  }

  private search(charge: Charge): Promise<FoundCharge> {
    const { gatewayKeyRetentionSeconds: keyRetentionSeconds } = this.environment;
    return findPayment(this.stripe, { charge, versions: this.versions, keyRetentionSeconds });
  }

  /** Our API key is refused for every payment only if the gateway also refuses it for a probe; else for this payment only. */
  private async narrowUnauthorized(error: GatewayError): Promise<GatewayError> {
    if (error.failure.kind !== 'unauthorized') return error;
    const probe = await this.probe();
    switch (probe.kind) {
      case 'unauthorized':
        return error;
      case 'reachable':
        return new GatewayError(
          { kind: 'forbidden' },
          `${error.message}; other calls with our key are accepted`,
        );
      case 'unreachable':
        // Perhaps only this payment is affected, so the others go on; as a counted attempt it ends after the last retry.
        return new GatewayError({ kind: 'unavailable' }, `${error.message}; probe: ${probe.detail}`);
      default:
        return probe satisfies never;
    }
  }

  /** Never rejects. */
  private async sendProbe(): Promise<GatewayProbe> {
    try {
      // A restricted key may charge without seeing the balance, but not without seeing payments.
      await this.stripe.paymentIntents.list({ limit: 1 }, { timeout: PROBE_TIMEOUT_MS });
      return { kind: 'reachable' };
    } catch (error) {
      const { failure, message } = gatewayErrorFrom(error);
      switch (failure.kind) {
        case 'unauthorized':
          return { kind: 'unauthorized' };
        case 'unavailable':
          return { kind: 'unreachable', detail: message };
        default:
          return { kind: 'reachable' };
      }
    }
  }
}

/**
 * For each call the client keeps a stack trace, which it adds to the error of a call that fails. It is the same for all
 * charges, and with source maps it takes a tenth of the service's CPU time.
 */
function withoutStackTrace<T>(call: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return call();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/**
 * For calls after the gateway has seen the key: money may have moved, so a refusal does not prove that nothing was charged.
 * As a counted attempt it keeps the claim's data, and the first call of the next attempt shows if our API key is still
 * refused.
 */
async function afterSending<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const failed = readFailure(error);
    switch (failed.failure.kind) {
      case 'unauthorized':
      case 'forbidden':
      case 'rejected':
        throw new GatewayError({ kind: 'unavailable' }, `${failed.message}; the charge had been sent before`);
      case 'unavailable':
      case 'key-reused':
      case 'outcome-unknown':
        throw failed;
      default:
        return failed.failure satisfies never;
    }
  }
}

/** A charge that may have been attempted is not made again just because it was not found. */
function requireFound(found: FoundCharge): ChargeResult {
  if (found.kind === 'not-found' || found.kind === 'key-reused') throw outcomeUnknown();
  return found;
}

function isKeyReused(error: unknown): boolean {
  return error instanceof GatewayError && error.failure.kind === 'key-reused';
}

/** The same for all attempts. Our keys may be as long as the gateway's, so keys that are too long with the prefix are hashed. */
function gatewayKey(idempotencyKey: string): string {
  const key = `payment:${idempotencyKey}`;
  return key.length <= LONGEST_KEY
    ? key
    : `payment:${createHash('sha256').update(idempotencyKey).digest('hex')}`;
}
