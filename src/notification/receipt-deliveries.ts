import { Injectable, Logger } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { IdempotencyService, type Unprocessed, type UnprocessedHandler } from '../idempotency';
import { Consumption } from '../messaging/consumption';
import { historyOf, identityOf } from '../messaging/message-history';
import { Settlement } from '../messaging/settlement';
import { RECEIPTS } from '../messaging/topology';
import { RECEIPT_MAX_ATTEMPTS, receiptFateOf } from './receipt-fate';

const POLICY = { maxAttempts: RECEIPT_MAX_ATTEMPTS, random: Math.random };

/**
 * Settles the events for which no receipt was sent. A mail server that is away pauses nothing: its events wait in the
 * retry queues, and the service stays ready for payments.
 */
@Injectable()
export class ReceiptDeliveries implements UnprocessedHandler<ConsumeMessage> {
  private readonly logger = new Logger(ReceiptDeliveries.name);

  constructor(
    private readonly settlement: Settlement,
    private readonly consumption: Consumption,
    private readonly idempotency: IdempotencyService,
  ) {}

  async handle(message: ConsumeMessage, outcome: Unprocessed): Promise<'settled' | 'requeue'> {
    const fate = receiptFateOf(outcome, historyOf(message), POLICY);
    if (outcome.kind === 'store-unavailable') {
      this.consumption.pause({
        reason: 'Redis is unavailable',
        isOver: () => this.idempotency.probeStore().then(() => true),
      });
    }
    const settled = await this.settlement.settle({ message, queue: RECEIPTS, fate });
    const facts = { ...identityOf(message), ...fate };
    if (fate.kind === 'park') this.logger.log(facts, 'Receipt parked');
    else this.logger.warn(facts, 'Receipt dead-lettered');
    return settled;
  }
}
