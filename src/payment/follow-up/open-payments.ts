import { Injectable, Optional } from '@nestjs/common';
import { IdempotencyService } from 'nestjs-idempotent';
import { Environment } from '../../config/environment';
import { PaymentLedger, type OpenPayment } from '../../ledger/payment-ledger';
import { DueTimes } from '../../redis/due-times';
import { PAYMENT_SCOPE } from '../payment.dto';
import { processingPaymentIn } from '../recorded-payment';

/** In Redis, without a ledger: the keys of payments whose outcome comes later. */
const SET = 'open-payments';
const LONGEST_WAIT_MS = 86_400_000;

/**
 * Payments whose outcome comes later, and when to ask for it: in the ledger, or, without one, in Redis for as long as their
 * records live.
 */
@Injectable()
export class OpenPayments {
  constructor(
    private readonly dueTimes: DueTimes,
    private readonly idempotency: IdempotencyService,
    private readonly environment: Environment,
    @Optional() private readonly ledger?: PaymentLedger,
  ) {}

  /** Only without a ledger. Before the record is stored: after a crash in between, the payment is in the set twice. */
  add(idempotencyKey: string): Promise<void> {
    return this.dueTimes.add(SET, idempotencyKey, this.environment.followUpAfterMs);
  }

  /** Those to ask for now. Of several processes one gets each of them; the waits grow from minutes to a day. */
  async takeDue(atMost: number): Promise<OpenPayment[]> {
    if (this.ledger) return this.ledger.takeDue(atMost);
    const { followUpAfterMs: shortestMs } = this.environment;
    const due = await this.dueTimes.takeDue(SET, { atMost, shortestMs, longestMs: LONGEST_WAIT_MS });
    const found = await Promise.all(due.map(({ member, name }) => this.openUnder(member, name)));
    return found.filter((payment) => payment !== undefined);
  }

  private async openUnder(member: string, key: string): Promise<OpenPayment | undefined> {
    const { record, attempts } = await this.idempotency.find({ scope: PAYMENT_SCOPE, key });
    const payment = processingPaymentIn(record?.result);
    if (payment) return { idempotencyKey: key, chargeId: payment.chargeId };
    // It has ended, or is forgotten; one that is still being recorded has begun, and has no record.
    if (record || attempts === 0) await this.dueTimes.remove(SET, member);
    return undefined;
  }
}
