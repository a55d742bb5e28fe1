import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Environment } from '../config/environment';
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
import { CHARGES } from '../messaging/topology';
import { GatewayError, PaymentGateway } from './gateway/payment-gateway';
import { describePayment } from './payment-description';
import { PAYMENT_REASONS, type PaymentReason } from './payment-reasons';

const UNAUTHORIZED_DELAY_MS = 5_000;

/** What is done with a payment request that was not processed. */
export function decidePayment(
  failure: Failure,
  history: MessageHistory,
  limits: RetryLimits,
): Decision<PaymentReason> {
  if (failure.code !== 'work-failed') return decideCommon(failure, history, 'charged');
  const { error } = failure;
  const again = (reason: PaymentReason | 'attempt-failed', retryAfterMs?: number) =>
    tryAgain<PaymentReason>(failure, history, { ...limits, reason, retryAfterMs });
  // The next version may fix a bug, and the broker may take the event next time.
  if (!(error instanceof GatewayError)) return again('attempt-failed');
  switch (error.failure.kind) {
    case 'unavailable':
      return again('gateway-unavailable', error.failure.retryAfterMs);
    case 'unauthorized':
      // Refused credentials affect every payment, so this is not counted as an attempt of this payment.
      return {
        disposition: {
          kind: 'delay',
          reason: 'gateway-unauthorized',
          delayMs: UNAUTHORIZED_DELAY_MS,
          attempts: history.attempts,
        },
        counts: false,
        pause: 'queue',
      };
    case 'forbidden':
      return again('gateway-forbidden');
    case 'rejected':
    case 'key-reused':
    case 'outcome-unknown':
      return deadLetter(`gateway-${error.failure.kind}`, error, attemptsOf(failure, history).attempt);
    default:
      return error.failure satisfies never;
  }
}

/** The policy of the queue of payment requests. */
@Injectable()
export class PaymentPolicy implements QueuePolicy, OnModuleInit {
  readonly queue = CHARGES;
  readonly noun = 'Payment';
  readonly reasons = PAYMENT_REASONS;
  readonly maxAttempts: number;
  readonly pause = {
    reason: 'the gateway refuses our key',
    isOver: async () => (await this.gateway.probe()).kind !== 'unauthorized',
  };

  constructor(
    @Inject(PaymentGateway) private readonly gateway: PaymentGateway,
    private readonly pipeline: MessagePipeline,
    { paymentMaxAttempts }: Environment,
  ) {
    this.maxAttempts = paymentMaxAttempts;
  }

  onModuleInit(): void {
    this.pipeline.use(this);
  }

  describe(body: unknown): MessageDescription {
    return describePayment(body);
  }

  decide(failure: Failure, history: MessageHistory): Decision {
    return decidePayment(failure, history, { maxAttempts: this.maxAttempts, random: Math.random });
  }
}
