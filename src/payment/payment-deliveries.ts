import { Inject, Injectable, Logger } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { IdempotencyService, type ClaimedKey, type Failure, type FailureHandler } from '../idempotency';
import { Consumption, type Pause } from '../messaging/consumption';
import type { Disposition } from '../messaging/disposition';
import { historyOf, identityOf } from '../messaging/message-history';
import { secondLook } from '../messaging/second-look';
import { Settlement } from '../messaging/settlement';
import { CHARGES } from '../messaging/topology';
import { WaitingTimes } from '../messaging/waiting-times';
import { PaymentGateway } from './gateway/payment-gateway';
import { PaymentActivity } from './payment-activity';
import { PaymentAttempts } from './payment-attempts';
import { dispositionOf, isUncounted } from './payment.policy';

/** Settles the payment requests that were not processed, and pauses consumption while a dependency is away. */
@Injectable()
export class PaymentDeliveries implements FailureHandler<ConsumeMessage> {
  private readonly logger = new Logger(PaymentDeliveries.name);
  constructor(
    private readonly settlement: Settlement,
    private readonly consumption: Consumption,
    private readonly idempotency: IdempotencyService,
    @Inject(PaymentGateway) private readonly gateway: PaymentGateway,
    private readonly activity: PaymentActivity,
    private readonly attempts: PaymentAttempts,
    private readonly waitingTimes: WaitingTimes,
  ) {}

  async handle(
    message: ConsumeMessage,
    outcome: Failure,
    claimed?: ClaimedKey,
  ): Promise<'settled' | 'requeue'> {
    const disposition = dispositionOf(outcome, historyOf(message), this.attempts.policy);
    const { maxAttempts } = this.attempts.policy;
    const now = await secondLook(this.idempotency, { claimed, outcome, disposition, maxAttempts });
    if (now === 'answered') return 'settled';
    if (now) return this.handle(message, now);
    this.pauseIfAway(outcome);
    const settled = await this.settlement.settle({ message, queue: CHARGES, disposition });
    if (settled === 'settled') {
      this.log(message, outcome, disposition);
      this.activity.emit({ kind: 'failed', message, disposition, claimedKey: claimed?.key });
    }
    return settled;
  }

  private pauseIfAway(outcome: Failure): void {
    if (outcome.kind === 'store-unavailable') {
      this.pause({
        reason: 'Redis is unavailable',
        isOver: () => this.idempotency.probeStore().then(() => true),
      });
    } else if (outcome.kind === 'failed' && isUncounted(outcome.error)) {
      this.pause({
        reason: 'the gateway refuses our key',
        isOver: async () => (await this.gateway.probe()).kind !== 'unauthorized',
        queue: CHARGES,
      });
    }
  }

  private pause(pause: Pause): void {
    this.consumption.pause(this.waitingTimes.remembered(pause));
  }

  private log(message: ConsumeMessage, outcome: Failure, disposition: Disposition): void {
    const facts = {
      ...identityOf(message),
      ...disposition,
      ...('error' in outcome && { err: outcome.error }),
    };
    switch (disposition.kind) {
      case 'delay':
        return this.logger.log(facts, 'Payment delayed');
      case 'dead-letter':
        return this.logger.warn(facts, 'Payment request dead-lettered');
      default:
        return disposition satisfies never;
    }
  }
}
