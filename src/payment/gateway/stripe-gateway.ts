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
  type ChargeResult,
  type FoundCharge,
  type GatewayProbe,
  type PaymentGateway,
} from './payment-gateway';
import { openStripe } from './stripe-client';
import { decisionOn } from './stripe-decision';
import { readFailure, verdictOn } from './stripe-errors';
import { lookFor } from './stripe-look-up';

/** Stripe's longest idempotency key. */
const LONGEST_KEY = 255;
/** A probe must not hold up what waits for it. */
const PROBE_TIMEOUT_MS = 3_000;

/** Charges through Stripe PaymentIntents, created and confirmed in one call. */
@Injectable()
export class StripeGateway implements PaymentGateway {
  private readonly stripe: Stripe;
  private probing: Promise<GatewayProbe> | undefined;

  /** `versions`: what may have been sent for a charge, the newest first. */
  constructor(
    private readonly environment: Environment,
    private readonly versions: readonly ChargeParameters[] = CHARGE_VERSIONS,
  ) {
    // Its own retries would hide attempts and use up the lease; ours are counted, spread and survive a crash. One is
    // left: it repeats a call at once, with the same key, when the connection is closed under it.
    this.stripe = openStripe(environment, { maxNetworkRetries: 0 });
  }

  async charge(charge: Charge): Promise<ChargeResult> {
    let isKeyKnown = false;
    for (const parametersOf of this.versions) {
      try {
        const sending = this.send(charge, parametersOf(charge));
        return await (isKeyKnown ? onceSent(sending) : sending);
      } catch (error) {
        // Nothing was done. An older version of this service may have sent it first: of all parameters at most one
        // version's are those of that time, and only they are answered, however often the process dies in between.
        if (!isKeyReused(error)) throw error;
        isKeyKnown = true;
      }
    }
    // Sent by a version that this one does not know yet, or by another program.
    const found = await onceSent(this.look(charge));
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
      return await this.look(charge);
    } catch (error) {
      throw await this.ofThisPayment(readFailure(error));
    }
  }

  /** One at a time: many that ask at once, as when our key is refused to many payments, get one answer. */
  probe(): Promise<GatewayProbe> {
    this.probing ??= this.askWhetherAccepted().finally(() => {
      this.probing = undefined;
    });
    return this.probing;
  }

  private async send(charge: Charge, parameters: Stripe.PaymentIntentCreateParams): Promise<ChargeResult> {
    const underKey = { idempotencyKey: gatewayKey(charge.idempotencyKey) };
    let intent: Stripe.PaymentIntent;
    try {
      intent = await this.stripe.paymentIntents.create(parameters, underKey);
    } catch (error) {
      const verdict = verdictOn(error);
      switch (verdict.kind) {
        case 'decision':
          return verdict.result;
        case 'replayed-failure':
          // It never changes under this key, and a new key might charge twice: only looking is left.
          return known(await onceSent(this.look(charge)));
        case 'failure':
          throw await this.ofThisPayment(verdict.error);
        default:
          return verdict satisfies never;
      }
    }
    return onceSent(this.decide(intent));
  }

  private async decide(intent: Stripe.PaymentIntent): Promise<ChargeResult> {
    // A repeated key gets the first answer, so a payment that was still processing then must be asked for anew.
    return decisionOn(
      intent.status === 'processing' ? await this.stripe.paymentIntents.retrieve(intent.id) : intent,
    );
  }

  private look(charge: Charge): Promise<FoundCharge> {
    const { gatewayKeyRetentionSeconds: keyRetentionSeconds } = this.environment;
    return lookFor(this.stripe, { charge, versions: this.versions, keyRetentionSeconds });
  }

  /** A refusal of our key is about every payment only when the gateway refuses it without one, too. */
  private async ofThisPayment(error: GatewayError): Promise<GatewayError> {
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
        // Not known to be about every payment, so it must not stop them; and an attempt that counts has an end.
        return new GatewayError({ kind: 'unavailable' }, `${error.message}; asked again: ${probe.detail}`);
      default:
        return probe satisfies never;
    }
  }

  /** Never rejects. */
  private async askWhetherAccepted(): Promise<GatewayProbe> {
    try {
      // A restricted key may charge without seeing the balance, but not without seeing payments.
      await this.stripe.paymentIntents.list({ limit: 1 }, { timeout: PROBE_TIMEOUT_MS });
      return { kind: 'reachable' };
    } catch (error) {
      const verdict = verdictOn(error);
      if (verdict.kind !== 'failure') return { kind: 'reachable' };
      const { failure, message } = verdict.error;
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
 * What follows once the gateway knows the key: money may have moved, so no refusal says that it has not. Counted as an
 * attempt, it keeps what is known of the key, and the next one is told by its first call if our key is still refused.
 */
async function onceSent<T>(work: Promise<T>): Promise<T> {
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

/** A charge that may have been attempted is not made again only because it is not found. */
function known(found: FoundCharge): ChargeResult {
  if (found.kind === 'not-found' || found.kind === 'key-reused') throw outcomeUnknown();
  return found;
}

function isKeyReused(error: unknown): boolean {
  return error instanceof GatewayError && error.failure.kind === 'key-reused';
}

/** One key for all attempts. Ours may be as long as the gateway's, so with the prefix the longest ones are hashed. */
function gatewayKey(idempotencyKey: string): string {
  const key = `payment:${idempotencyKey}`;
  return key.length <= LONGEST_KEY
    ? key
    : `payment:${createHash('sha256').update(idempotencyKey).digest('hex')}`;
}
