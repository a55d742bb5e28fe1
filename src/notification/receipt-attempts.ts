import { Injectable } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import type { AttemptPolicy, FailedWork } from '../idempotency';
import { historyOf } from '../messaging/message-history';
import { RECEIPTS } from '../messaging/topology';
import { WaitingTimes } from '../messaging/waiting-times';
import { RECEIPT_MAX_ATTEMPTS, receiptDispositionOf } from './receipt.policy';

/** How often a receipt is tried, and when again: said under its key, so that all copies of the event wait together. */
@Injectable()
export class ReceiptAttempts implements AttemptPolicy<ConsumeMessage> {
  readonly policy = { maxAttempts: RECEIPT_MAX_ATTEMPTS, random: Math.random };

  constructor(private readonly waitingTimes: WaitingTimes) {}

  maxAttempts(): number {
    return this.policy.maxAttempts;
  }

  forgivenAttempts(message: ConsumeMessage): number {
    return historyOf(message).attemptsBeforeReplay;
  }

  backoffMs(message: ConsumeMessage, failed: FailedWork): number | undefined {
    const next = receiptDispositionOf({ kind: 'failed', ...failed }, historyOf(message), this.policy);
    return next.kind === 'delay' ? next.delayMs : undefined;
  }

  waitingSince(message: ConsumeMessage): Promise<Date | undefined> {
    return this.waitingTimes.since(message, RECEIPTS);
  }
}
