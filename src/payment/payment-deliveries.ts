import { Inject, Injectable, Logger } from '@nestjs/common';
import type { ConsumeMessage } from 'amqplib';
import { Environment } from '../config/environment';
import { IdempotencyService, type Unprocessed, type UnprocessedHandler } from '../idempotency';
import { Consumption } from '../messaging/consumption';
import type { Fate } from '../messaging/fate';
import { Settlement } from '../messaging/settlement';
import { HEADERS } from '../messaging/topology';
import { PaymentGateway } from './gateway/payment-gateway';
import { fateOf, isExcused, type MessageHistory, type RetryPolicy } from './payment-fate';

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
    environment: Environment,
  ) {
    this.policy = { maxAttempts: environment.paymentMaxAttempts, random: Math.random };
  }

  async handle(message: ConsumeMessage, outcome: Unprocessed): Promise<'settled' | 'requeue'> {
    const fate = fateOf(outcome, historyOf(message), this.policy);
    this.pauseIfAway(outcome);
    const settled = await this.settlement.settle(message, fate);
    this.log(message, outcome, fate);
    return settled;
  }

  private pauseIfAway(outcome: Unprocessed): void {
    if (outcome.kind === 'store-unavailable') {
      this.consumption.pause('Redis is unavailable', async () => {
        await this.idempotency.probeStore();
        return true;
      });
    } else if (outcome.kind === 'failed' && isExcused(outcome.error)) {
      this.consumption.pause('the gateway refuses our key', async () => {
        return (await this.gateway.probe()).kind !== 'unauthorized';
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

/** Header values come from outside: anything but a count is none. */
function historyOf(message: ConsumeMessage): MessageHistory {
  return {
    attempts: countIn(message, HEADERS.attempts),
    attemptsBeforeReplay: countIn(message, HEADERS.attemptsBeforeReplay),
  };
}

function countIn(message: ConsumeMessage, header: string): number {
  const value: unknown = message.properties.headers?.[header];
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function identityOf(message: ConsumeMessage): Record<string, unknown> {
  const key: unknown = message.properties.headers?.[HEADERS.idempotencyKey];
  const messageId: unknown = message.properties.messageId;
  return {
    ...(typeof key === 'string' && { idempotencyKey: key.slice(0, 255) }),
    ...(typeof messageId === 'string' && { messageId }),
    redelivered: message.fields.redelivered,
  };
}
