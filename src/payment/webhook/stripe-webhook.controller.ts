import { setTimeout as sleep } from 'node:timers/promises';
import {
  Controller,
  HttpCode,
  HttpStatus,
  Logger,
  Post,
  Req,
  ServiceUnavailableException,
  UseGuards,
} from '@nestjs/common';
import type { Request } from 'express';
import { Idempotent, type IncomingRequest } from 'nestjs-idempotent';
import { messageOf } from '../../text/message-of';
import { LaterOutcomes, type Applied } from '../follow-up/later-outcomes';
import type { ChargeReport } from '../gateway/payment-gateway';
import { ApiWebhook } from './stripe-webhook.documentation';
import { StripeWebhookGuard, webhookEventOf } from './stripe-webhook.guard';
import { WebhookMetrics, type WebhookOutcome } from './webhook.metrics';

/** The scope of webhooks' idempotency keys. */
const WEBHOOK_SCOPE = 'stripe-webhook';

/**
 * A webhook may be faster than the consumer, which is still storing what the gateway has answered. The gateway expects an answer
 * within seconds; an end that is not stored by then is found by asking.
 */
const WAITS_MS = [50, 150, 500];

/** The answer to a webhook. */
interface Received {
  readonly received: true;
}

/** Takes the gateway's events (https://docs.stripe.com/webhooks). Each may come several times, late, and in any order. */
@Controller('webhooks')
export class StripeWebhookController {
  private readonly logger = new Logger(StripeWebhookController.name);

  constructor(
    private readonly outcomes: LaterOutcomes,
    private readonly metrics: WebhookMetrics,
  ) {}

  /** Answers when what the event says is stored; with any other answer the gateway delivers it again. */
  @Post('stripe')
  @HttpCode(HttpStatus.OK)
  @UseGuards(StripeWebhookGuard)
  @Idempotent({ scope: WEBHOOK_SCOPE, key: eventId, fingerprint: false })
  @ApiWebhook()
  async receive(@Req() request: Request): Promise<Received> {
    const { id, type, report } = webhookEventOf(request);
    let outcome: WebhookOutcome = 'ignored';
    try {
      if (report) outcome = await this.apply(report);
    } catch (error) {
      this.logger.warn({ event: id, type, err: error }, 'A webhook could not be stored');
      throw new ServiceUnavailableException(`not stored, deliver it again: ${messageOf(error)}`);
    }
    this.metrics.count(outcome);
    this.logger.debug({ event: id, type, outcome }, 'Webhook received');
    return { received: true };
  }

  private async apply(report: ChargeReport): Promise<Applied> {
    for (const waitMs of WAITS_MS) {
      const applied = await this.outcomes.apply(report);
      if (applied !== 'in-progress') return applied;
      await sleep(waitMs);
    }
    return this.outcomes.apply(report);
  }
}

/** The guard has read it. */
function eventId({ source }: IncomingRequest): string {
  return webhookEventOf(source).id;
}
