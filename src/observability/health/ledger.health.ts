import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { PaymentLedger } from '../../ledger/payment-ledger';
import { messageOf } from '../../text/message-of';
import { within } from './within';

/** A server that answers later than this is too slow for payments, too. */
const ANSWER_WITHIN_MS = 1000;

/** The ledger can be written. */
@Injectable()
export class LedgerHealth {
  constructor(
    private readonly ledger: PaymentLedger,
    private readonly indicators: HealthIndicatorService,
  ) {}

  async check() {
    const indicator = this.indicators.check('ledger');
    try {
      await within(ANSWER_WITHIN_MS, this.ledger.probe());
      return indicator.up();
    } catch (error) {
      return indicator.down({ reason: messageOf(error) });
    }
  }
}
