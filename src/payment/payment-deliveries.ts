import { Inject, Injectable, Logger } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { Environment } from '../config/environment';
import { IdempotencyService, type Unprocessed, type UnprocessedHandler } from '../idempotency';
import { Consumption } from '../messaging/consumption';
import type { Fate } from '../messaging/fate';
import { historyOf, identityOf } from '../messaging/message-history';
import { Settlement } from '../messaging/settlement';
import { CHARGES } from '../messaging/topology';
import { PaymentGateway } from './gateway/payment-gateway';
import { PaymentActivity } from './payment-activity';
import { fateOf, isExcused, type RetryPolicy } from './payment-fate';

/** Settles the payment requests that were not processed, and pauses consumption while a dependency is away. */
@Injectable()
export class PaymentDeliveries implements UnprocessedHandler<ConsumeMessage> {
  private readonly logger = new Logger(PaymentDeliveries.name);
  private readonly policy: RetryPolicy;

  constructor(
    private readonly settlement: Settlement,
    private readonly consumption: Consumption,
    private readonly idempotency: IdempotencyService,
    @Inject(PaymentGateway) private readonly gateway: PaymentGateway,
    private readonly activity: PaymentActivity,
    environment: Environment,
  ) {
    this.policy = { maxAttempts: environment.paymentMaxAttempts, random: Math.random };
  }

  async handle(message: ConsumeMessage, outcome: Unprocessed): Promise<'settled' | 'requeue'> {
    const fate = fateOf(outcome, historyOf(message), this.policy);
    this.pauseIfAway(outcome);
    const settled = await this.settlement.settle({ message, queue: CHARGES, fate });
    this.log(message, outcome, fate);
    if (settled === 'settled') this.activity.emit({ kind: 'unprocessed', message, fate });
    return settled;
  }

  private pauseIfAway(outcome: Unprocessed): void {
    if (outcome.kind === 'store-unavailable') {
      this.consumption.pause({
        reason: 'Redis is unavailable',
        isOver: () => this.idempotency.probeStore().then(() => true),
      });
    } else if (outcome.kind === 'failed' && isExcused(outcome.error)) {
      this.consumption.pause({
        reason: 'the gateway refuses our key',
        isOver: async () => (await this.gateway.probe()).kind !== 'unauthorized',
        queue: CHARGES,
      });
    }
  }

  private log(message: ConsumeMessage, outcome: Unprocessed, fate: Fate): void {
    const facts = { ...identityOf(message), ...fate, ...('error' in outcome && { err: outcome.error }) };
    switch (fate.kind) {
      case 'park':
        return this.logger.log(facts, 'Payment parked');
      case 'dead-letter':
        return this.logger.warn(facts, 'Payment request dead-lettered');
      default:
        return fate satisfies never;
    }
  }
}
