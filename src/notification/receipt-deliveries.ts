import { Injectable, Logger } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { IdempotencyService, type ClaimedKey, type Failure, type FailureHandler } from '../idempotency';
import { Consumption } from '../messaging/consumption';
import { historyOf, identityOf } from '../messaging/message-history';
import { secondLook } from '../messaging/second-look';
import { Settlement } from '../messaging/settlement';
import { RECEIPTS } from '../messaging/topology';
import { WaitingTimes } from '../messaging/waiting-times';
import { ReceiptAttempts } from './receipt-attempts';
import { receiptDispositionOf } from './receipt.policy';

/**
 * Settles the events for which no receipt was sent. A mail server that is away pauses nothing: its events wait in the
 * retry queues, and the service stays ready for payments.
 */
@Injectable()
export class ReceiptDeliveries implements FailureHandler<ConsumeMessage> {
  private readonly logger = new Logger(ReceiptDeliveries.name);

  constructor(
    private readonly settlement: Settlement,
    private readonly consumption: Consumption,
    private readonly idempotency: IdempotencyService,
    private readonly attempts: ReceiptAttempts,
    private readonly waitingTimes: WaitingTimes,
  ) {}

  async handle(
    message: ConsumeMessage,
    outcome: Failure,
    claimed?: ClaimedKey,
  ): Promise<'settled' | 'requeue'> {
    const disposition = receiptDispositionOf(outcome, historyOf(message), this.attempts.policy);
    const { maxAttempts } = this.attempts.policy;
    const now = await secondLook(this.idempotency, { claimed, outcome, disposition, maxAttempts });
    if (now === 'answered') return 'settled';
    if (now) return this.handle(message, now);
    if (outcome.kind === 'store-unavailable') {
      const pause = {
        reason: 'Redis is unavailable',
        isOver: () => this.idempotency.probeStore().then(() => true),
      };
      this.consumption.pause(this.waitingTimes.remembered(pause));
    }
    const settled = await this.settlement.settle({ message, queue: RECEIPTS, disposition });
    if (settled === 'requeue') return settled;
    const facts = { ...identityOf(message), ...disposition };
    if (disposition.kind === 'delay') this.logger.log(facts, 'Receipt delayed');
    else this.logger.warn(facts, 'Receipt dead-lettered');
    return settled;
  }
}
