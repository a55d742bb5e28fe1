import { setTimeout as sleep } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Environment } from '../../config/environment';
import type { OpenPayment } from '../../ledger/payment-ledger';
import { messageOf } from '../../text/message-of';
import { PaymentGateway } from '../gateway/payment-gateway';
import { LaterOutcomes } from './later-outcomes';
import { OpenPayments } from './open-payments';

/** So few at a time that payments, which use the same gateway, are not slowed down. */
const AT_ONCE = 10;
const SHORTEST_POLL_MS = 250;
const LONGEST_POLL_MS = 15_000;

/**
 * Asks the gateway for outcomes that come later: webhooks tell them sooner, but get lost. Each open payment is asked for after
 * FOLLOW_UP_AFTER, and then at growing intervals of up to a day, until it has ended.
 */
@Injectable()
export class PaymentFollowUp implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(PaymentFollowUp.name);
  private readonly stopping = new AbortController();
  private readonly pollMs: number;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly open: OpenPayments,
    private readonly outcomes: LaterOutcomes,
    @Inject(PaymentGateway) private readonly gateway: PaymentGateway,
    { followUpAfterMs }: Environment,
  ) {
    this.pollMs = Math.min(LONGEST_POLL_MS, Math.max(SHORTEST_POLL_MS, followUpAfterMs / 4));
  }

  onApplicationBootstrap(): void {
    this.looking = this.lookUntilStopped();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.looking;
  }

  private async lookUntilStopped(): Promise<void> {
    const { signal } = this.stopping;
    let reported = '';
    while (!signal.aborted) {
      try {
        const due = await this.open.takeDue(AT_ONCE);
        await Promise.all(due.map((payment) => this.lookAt(payment)));
        reported = '';
        // There may be more that are due now.
        if (due.length === AT_ONCE) continue;
      } catch (error) {
        const problem = messageOf(error);
        if (problem !== reported) this.logger.warn(`Open payments cannot be read: ${problem}`);
        reported = problem;
      }
      await sleep(this.pollMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Never rejects: it is asked for again. */
  private async lookAt({ idempotencyKey, chargeId }: OpenPayment): Promise<void> {
    try {
      await this.outcomes.apply(await this.gateway.look(chargeId));
    } catch (error) {
      this.logger.warn(
        { idempotencyKey, chargeId, err: error },
        'The outcome of a payment could not be asked for or stored; trying again later',
      );
    }
  }
}
