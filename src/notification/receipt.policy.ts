import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Failure } from 'nestjs-idempotent';
import {
  attemptsOf,
  deadLetter,
  decideCommon,
  tryAgain,
  type Decision,
  type RetryLimits,
} from '../messaging/disposition';
import type { MessageHistory } from '../messaging/message-headers';
import { MessagePipeline } from '../messaging/message.pipeline';
import type { MessageDescription, QueuePolicy } from '../messaging/queue-policy';
import { RECEIPTS } from '../messaging/topology';
import { describePayment } from '../payment/payment-description';
import { PaymentSucceededPipe } from './payment-succeeded.pipe';
import { ReceiptService } from './receipt.service';
import { FalseEventError } from './recorded-payments';
import { SmtpError } from './smtp-errors';

export const RECEIPT_REASONS = { delay: ['receipt-not-sent'], deadLetter: ['receipt-rejected'] } as const;
type ReceiptReason = (typeof RECEIPT_REASONS)[keyof typeof RECEIPT_REASONS][number];

/**
 * About half an hour, with delays of up to a minute, half of that on average: longer than a restart or the greylisting of
 * a mail server. After that an operator must fix the cause and replay the dead letters.
 */
export const RECEIPT_MAX_ATTEMPTS = 60;

/** What is done with an event for which no receipt was sent. */
export function decideReceipt(
  failure: Failure,
  history: MessageHistory,
  limits: RetryLimits,
): Decision<ReceiptReason> {
  if (failure.code !== 'work-failed') return decideCommon(failure, history, 'sent');
  const { error } = failure;
  const isRejected =
    error instanceof FalseEventError || (error instanceof SmtpError && error.failure === 'rejected');
  return isRejected
    ? deadLetter('receipt-rejected', error, attemptsOf(failure, history).attempt)
    : tryAgain(failure, history, { ...limits, reason: 'receipt-not-sent' });
}

/**
 * The policy of the queue of events. A mail server that is unavailable pauses nothing: its events wait in the retry
 * queues, and the service stays ready for payments.
 */
@Injectable()
export class ReceiptPolicy implements QueuePolicy, OnModuleInit {
  readonly queue = RECEIPTS;
  readonly noun = 'Receipt';
  readonly reasons = RECEIPT_REASONS;
  readonly maxAttempts = RECEIPT_MAX_ATTEMPTS;

  constructor(
    private readonly pipeline: MessagePipeline,
    private readonly pipe: PaymentSucceededPipe,
    private readonly receipts: ReceiptService,
  ) {}

  onModuleInit(): void {
    this.pipeline.use(this);
  }

  describe(body: unknown): MessageDescription {
    return describePayment(body);
  }

  /** A payment without an address; many may have none. An invalid event is not ignored, and becomes a dead letter. */
  ignores(body: unknown): boolean {
    try {
      return !this.receipts.isWantedFor(this.pipe.transform(body));
    } catch {
      return false;
    }
  }

  decide(failure: Failure, history: MessageHistory): Decision {
    return decideReceipt(failure, history, { maxAttempts: this.maxAttempts, random: Math.random });
  }
}
