import { Inject, Injectable, Logger, Optional, type OnModuleInit } from '@nestjs/common';
import { Environment } from '../config/environment';
import type { ClaimedKey, Failure } from 'nestjs-idempotent';
import { LedgerRefusedError, LedgerUnavailableError } from '../ledger/ledger-errors';
import { PaymentLedger } from '../ledger/payment-ledger';
import {
  attemptsOf,
  deadLetter,
  decideCommon,
  tryAgain,
  type DeadLetter,
  type Decision,
  type Delay,
  type RetryLimits,
} from '../messaging/disposition';
import type { MessageHistory } from '../messaging/message-headers';
import { MessagePipeline } from '../messaging/message.pipeline';
import type { MessageDescription, QueuePolicy } from '../messaging/queue-policy';
import { CHARGES } from '../messaging/topology';
import { GatewayError, PaymentGateway } from './gateway/payment-gateway';
import { describePayment } from './payment-description';
import { PaymentKeyReusedError } from './payment-errors';
import { isSamePayment } from './payment-outcomes';
import { PAYMENT_REASONS, type PaymentReason } from './payment-reasons';

const UNAUTHORIZED_DELAY_MS = 5_000;
/** Consumption pauses while the ledger is unavailable; messages in flight come back when it has resumed. */
const LEDGER_UNAVAILABLE_DELAY_MS = 1_000;

/** Delays that are not about the payment. */
const WAITING: readonly string[] = ['in-progress', 'lease-lost', 'store-unavailable', 'ledger-unavailable'];

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
  // What affects every payment is not counted as an attempt of this one.
  const wait = (reason: PaymentReason, delayMs: number, pause: string): Decision<PaymentReason> => ({
    disposition: { kind: 'delay', reason, delayMs, attempts: history.attempts },
    counts: false,
    pause,
  });
  if (error instanceof LedgerUnavailableError)
    return wait('ledger-unavailable', LEDGER_UNAVAILABLE_DELAY_MS, 'ledger');
  if (error instanceof LedgerRefusedError)
    return deadLetter('ledger-refused', error, attemptsOf(failure, history).attempt);
  // Uncounted: the key is then free for the payment that it belongs to, of which Redis knows nothing.
  if (error instanceof PaymentKeyReusedError)
    return { ...deadLetter('idempotency-key-reused', error, history.attempts), counts: false };
  // The next version may fix a bug, and the broker may take the event next time.
  if (!(error instanceof GatewayError)) return again('attempt-failed');
  switch (error.failure.kind) {
    case 'unavailable':
      return again('gateway-unavailable', error.failure.retryAfterMs);
    case 'unauthorized':
      return wait('gateway-unauthorized', UNAUTHORIZED_DELAY_MS, 'gateway');
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
  private readonly logger = new Logger(PaymentPolicy.name);
  readonly pauses = {
    gateway: {
      reason: 'the gateway refuses our key',
      isOver: async () => (await this.gateway.probe()).kind !== 'unauthorized',
    },
    ledger: {
      reason: 'the ledger is unavailable',
      isOver: async () => {
        await this.ledger?.probe();
        return true;
      },
    },
  };

  constructor(
    @Inject(PaymentGateway) private readonly gateway: PaymentGateway,
    private readonly pipeline: MessagePipeline,
    { paymentMaxAttempts }: Environment,
    @Optional() private readonly ledger?: PaymentLedger,
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

  /** The ledger knows payments however old they are. One that it has begun and not ended is for a person to look at. */
  async recall({ key, fingerprint }: ClaimedKey): Promise<'answered' | Failure | undefined> {
    const payment = await this.ledger?.find(key);
    if (!payment || payment.status === 'in-progress') return undefined;
    if (!isSamePayment(payment, fingerprint)) return { kind: 'failed', code: 'idempotency-key-reused' };
    const { paymentId } = payment;
    this.logger.log({ paymentId, idempotencyKey: key, from: 'ledger' }, 'Duplicate detected');
    return 'answered';
  }

  /** Before the message is acknowledged, the ledger's history has what was done with it, unless it only waits its turn. */
  async beforeSettled({ key }: ClaimedKey, disposition: Delay | DeadLetter): Promise<void> {
    const { reason } = disposition;
    if (!this.ledger || WAITING.includes(reason)) return;
    const event = disposition.kind === 'delay' ? 'delayed' : 'dead-lettered';
    await this.ledger.note({ idempotencyKey: key, event, detail: reason });
  }
}
