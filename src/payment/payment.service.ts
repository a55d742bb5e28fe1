import { Inject, Injectable, Logger } from '@nestjs/common';
import { Environment } from '../config/environment';
import type { IdempotencyContext } from 'nestjs-idempotent';
import {
  keyReused,
  outcomeUnknown,
  PaymentGateway,
  type Charge,
  type ChargeResult,
} from './gateway/payment-gateway';
import { PaymentEvents } from './payment-events';
import type { PaymentRequest, PaymentResult } from './payment.dto';

/** Clocks differ and requests take time: we rely on the gateway's key for this fraction less than its retention. */
const RETENTION_MARGIN = 0.05;

/** Charges payments. Called once per attempt, under the lease of the payment's idempotency key. */
@Injectable()
export class PaymentService {
  private readonly logger = new Logger(PaymentService.name);

  constructor(
    @Inject(PaymentGateway) private readonly gateway: PaymentGateway,
    private readonly events: PaymentEvents,
    private readonly environment: Environment,
  ) {}

  /**
   * A declined card is a result like a charge: it is recorded and replayed.
   *
   * @throws GatewayError when the gateway made no decision
   * @throws LeaseLostError when the lease ran out before the charge was sent
   * @throws PublishUnconfirmedError when it succeeded, and its event may not be on the broker yet
   */
  async charge(request: PaymentRequest, context: IdempotencyContext): Promise<PaymentResult> {
    const { paymentId } = request;
    const { key: idempotencyKey, attempt } = context;
    this.logger.debug({ paymentId, idempotencyKey, attempt }, 'Processing payment');
    const result = resultOf(request, await this.chargeOrFind(request, context));
    this.logger.log(
      { paymentId, idempotencyKey, attempt, chargeId: result.chargeId },
      `Processing payment: ${result.status === 'succeeded' ? 'success' : 'declined'}`,
    );
    // Before the record: once it exists, this code never runs again for the key, so an unpublished event would be lost.
    // After a crash between here and the record, or a failed publish, the attempt is repeated: the gateway replays the
    // charge, and the event is published again under the same key, so its consumers recognise the duplicate.
    if (result.status === 'succeeded') {
      await this.events.succeeded({ idempotencyKey, request, result });
    }
    return result;
  }

  private async chargeOrFind(request: PaymentRequest, context: IdempotencyContext): Promise<ChargeResult> {
    const { sinceFirstAttemptMs, sinceForgottenMs } = context;
    const charge: Charge = {
      idempotencyKey: context.key,
      paymentId: request.paymentId,
      customerId: request.customerId,
      paymentMethodId: request.paymentMethodId,
      money: request.money,
      firstAttemptAt: new Date(Date.now() - Math.max(sinceFirstAttemptMs, sinceForgottenMs ?? 0)),
    };
    // An earlier attempt may have charged without a record. While the gateway knows the key, repeating the request is
    // safe; later it might charge again, so then we only look the charge up.
    const trustedMs = this.environment.gatewayKeyRetentionSeconds * 1000 * (1 - RETENTION_MARGIN);
    const isTrusted = sinceFirstAttemptMs <= trustedMs;
    // The message waited here for so long that an earlier copy may have been charged and forgotten, also by the gateway.
    if (!isTrusted || sinceForgottenMs !== undefined) {
      const found = await this.gateway.find(charge);
      if (found.kind !== 'not-found' && found.kind !== 'key-reused') return found;
      if (!isTrusted) throw outcomeUnknown();
      // The gateway may have forgotten the key, and would then charge a second time.
      if (found.kind === 'key-reused') throw keyReused();
      if (!found.isCertain) throw outcomeUnknown();
    }
    // The process may have been frozen since it took the lease. If it freezes after this line, the gateway's key protects.
    context.assertHeld();
    return this.gateway.charge(charge);
  }
}

function resultOf({ paymentId, money }: PaymentRequest, decision: ChargeResult): PaymentResult {
  const { minorUnits: amountMinorUnits, currency } = money;
  switch (decision.kind) {
    case 'succeeded':
      return { paymentId, amountMinorUnits, currency, status: 'succeeded', chargeId: decision.chargeId };
    case 'declined': {
      const { chargeId, declineCode } = decision;
      return {
        paymentId,
        amountMinorUnits,
        currency,
        status: 'declined',
        ...(chargeId !== undefined && { chargeId }),
        declineCode,
      };
    }
    default:
      return decision satisfies never;
  }
}
