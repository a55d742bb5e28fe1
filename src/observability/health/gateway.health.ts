import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { PaymentGateway } from '../../payment/gateway/payment-gateway';
import { messageOf } from '../../text/message-of';
import { within } from './within';

const ANSWER_WITHIN_MS = 2000;
/** A probe counts against our rate limit at the gateway, and orchestrators call us every few seconds. */
const ASK_AGAIN_AFTER_MS = 10_000;

/** Whether the gateway answers. Shown, but not needed for readiness. */
@Injectable()
export class GatewayHealth {
  private latest?: { askedAtMs: number; answer: Promise<string | undefined> };

  constructor(
    @Inject(PaymentGateway) private readonly gateway: PaymentGateway,
    private readonly indicators: HealthIndicatorService,
  ) {}

  async check() {
    const indicator = this.indicators.check('gateway');
    const reason = await this.failureReason();
    return reason === undefined
      ? indicator.up({ required: false })
      : indicator.down({ required: false, reason });
  }

  private failureReason(): Promise<string | undefined> {
    const nowMs = performance.now();
    if (this.latest === undefined || nowMs - this.latest.askedAtMs > ASK_AGAIN_AFTER_MS) {
      this.latest = { askedAtMs: nowMs, answer: this.ask() };
    }
    return this.latest.answer;
  }

  private async ask(): Promise<string | undefined> {
    try {
      const answer = await within(ANSWER_WITHIN_MS, this.gateway.probe());
      switch (answer.kind) {
        case 'reachable':
          return undefined;
        case 'unauthorized':
          return 'it refuses STRIPE_API_KEY';
        case 'unreachable':
          return answer.detail;
        default:
          return answer satisfies never;
      }
    } catch (error) {
      return messageOf(error);
    }
  }
}
