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
import type { PaymentRequest, PaymentResult } from './payment.dto';
import { PaymentOutcomes } from './payment-outcomes';
import { resultOf } from './payment-result';

/** Clocks differ and requests take time: we rely on the gateway's key for this fraction less than its retention. */
const RETENTION_MARGIN = 0.05;

/** Charges payments. Called once per attempt, under the lease of the payment's idempotency key. */
@Injectable()
export class PaymentService {
  private readonly logger = new Logger(PaymentService.name);

  constructor(
    @Inject(PaymentGateway) private readonly gateway: PaymentGateway,
    private readonly outcomes: PaymentOutcomes,
    private readonly environment: Environment,
  ) {}

  /**
   * A declined card is a result like a charge: it is recorded and replayed. So is `processing`: the outcome comes later.
   *
   * @throws GatewayError when the gateway made no decision
   * @throws LeaseLostError when the lease ran out before the charge was sent
   * @throws PublishUnconfirmedError when it has ended, and its event may not be on the broker yet
   * @throws PaymentKeyReusedError when the ledger has the key for another payment
   * @throws LedgerUnavailableError, LedgerRefusedError
   */
  async charge(request: PaymentRequest, context: IdempotencyContext): Promise<PaymentResult> {
    const { paymentId } = request;
    const { key: idempotencyKey, attempt } = context;
    this.logger.debug({ paymentId, idempotencyKey, attempt }, 'Processing payment');
    const begun = await this.outcomes.begin(request, context);
    if (begun.kind === 'known') {
      this.logger.log({ paymentId, idempotencyKey, attempt, from: 'ledger' }, 'Duplicate detected');
      return begun.result;
    }
    const decision = await this.chargeOrFind(request, context, begun.sinceFirstSeenMs);
    const result = resultOf(request, decision);
    this.logger.log(
      { paymentId, idempotencyKey, attempt, chargeId: result.chargeId },
      `Processing payment: ${result.status === 'succeeded' ? 'success' : result.status}`,
    );
    return this.outcomes.decided({ idempotencyKey, request, result });
  }

  private async chargeOrFind(
    request: PaymentRequest,
    context: IdempotencyContext,
    sinceFirstSeenMs: number,
  ): Promise<ChargeResult> {
    const { sinceForgottenMs } = context;
    // The ledger may know an earlier attempt that Redis has lost.
    const sinceFirstAttemptMs = Math.max(context.sinceFirstAttemptMs, sinceFirstSeenMs);
    const charge: Charge = {
      idempotencyKey: context.key,
      paymentId: request.paymentId,
      customerId: request.customerId,
      paymentMethodId: request.paymentMethodId,
      gatewayCustomerId: request.gatewayCustomerId,
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
