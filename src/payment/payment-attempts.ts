import { Injectable } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { Environment } from '../config/environment';
import type { AttemptPolicy, FailedWork } from '../idempotency';
import { historyOf } from '../messaging/message-history';
import { CHARGES } from '../messaging/topology';
import { WaitingTimes } from '../messaging/waiting-times';
import { dispositionOf, isUncounted, type RetryPolicy } from './payment.policy';

/** How often a payment is tried, and when again: said under its key, so that all its copies wait together. */
@Injectable()
export class PaymentAttempts implements AttemptPolicy<ConsumeMessage> {
  readonly policy: RetryPolicy;

  constructor(
    private readonly waitingTimes: WaitingTimes,
    environment: Environment,
  ) {
    this.policy = { maxAttempts: environment.paymentMaxAttempts, random: Math.random };
  }

  maxAttempts(): number {
    return this.policy.maxAttempts;
  }

  forgivenAttempts(message: ConsumeMessage): number {
    return historyOf(message).attemptsBeforeReplay;
  }

  backoffMs(message: ConsumeMessage, failed: FailedWork): number | undefined {
    // The pause holds all payments up, and ends when the gateway says so.
    if (isUncounted(failed.error)) return undefined;
    const next = dispositionOf({ kind: 'failed', ...failed }, historyOf(message), this.policy);
    return next.kind === 'delay' ? next.delayMs : undefined;
  }

  waitingSince(message: ConsumeMessage): Promise<Date | undefined> {
    return this.waitingTimes.since(message, CHARGES);
  }
}
