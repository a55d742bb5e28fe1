import { BadRequestException, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { RawBodyRequest } from '@nestjs/common';
import type { Request } from 'express';
import { InvalidWebhookError, StripeWebhooks, type WebhookEvent } from '../gateway/stripe-webhooks';
import { WebhookMetrics } from './webhook.metrics';

const events = new WeakMap<object, WebhookEvent>();

/** The event of a request that has passed the guard. */
export function webhookEventOf(request: object): WebhookEvent {
  const event = events.get(request);
  if (event) return event;
  throw new Error('a handler of webhooks needs @UseGuards(StripeWebhookGuard)');
}

/** Lets only requests pass that the gateway has signed, and reads their event. Runs before anything is stored. */
@Injectable()
export class StripeWebhookGuard implements CanActivate {
  constructor(
    private readonly webhooks: StripeWebhooks,
    private readonly metrics: WebhookMetrics,
  ) {}

  canActivate(execution: ExecutionContext): boolean {
    const request = execution.switchToHttp().getRequest<RawBodyRequest<Request>>();
    const signature = request.headers['stripe-signature'];
    try {
      const body = request.rawBody ?? Buffer.alloc(0);
      events.set(request, this.webhooks.read(body, typeof signature === 'string' ? signature : ''));
      return true;
    } catch (error) {
      if (!(error instanceof InvalidWebhookError)) throw error;
      this.metrics.count('rejected');
      throw new BadRequestException(error.message);
    }
  }
}
