import type { Sandbox } from '../support/sandbox';
import { gatewayKey } from '../support/payments';
import { consumerCount } from './catalog';
import type { Leading } from './crash';
import type { CrashPoint } from './crash-point-names';
import type { PlannedPayment } from './load';
import type { Publisher } from './publisher';

const hostile = 'no key anywhere';
/** Long enough for two renewals of the lease, shorter than the time-out of a call. */
const slowMs = 1_800;
/** So soon that a webhook tells it before the payment is asked for. */
const soonMs = 300;

/** Publishes messages that bring a consumer to a crash point; the ordinary load does so too rarely. */
export class Provocation implements Leading<CrashPoint> {
  private published = 0;

  constructor(
    private readonly publisher: Publisher,
    private readonly sandbox: Sandbox,
  ) {}

  /** One message for each consumer, because the broker chooses which consumer gets which message. */
  async leadTo(point: CrashPoint): Promise<void> {
    await Promise.race([
      Promise.all(Array.from({ length: consumerCount }, () => this.publishFor(point))),
      // Without a broker nothing is confirmed; the caller must still be able to check again.
      new Promise((resolve) => setTimeout(resolve, 2_000)),
    ]);
  }

  private async publishFor(point: CrashPoint): Promise<void> {
    switch (point) {
      case 'before-dead-letter':
      case 'dead-lettered':
        return this.publisher.publish({ kind: 'hostile', atMs: 0, name: hostile });
      case 'in-renew':
        return this.publishPayment((payment) =>
          this.sandbox.fault({
            kind: 'delay',
            delayMs: slowMs,
            matching: { idempotencyKey: gatewayKey(payment) },
          }),
        );
      case 'after-release':
      case 'before-delay':
      case 'delayed':
        return this.publishPayment((payment) =>
          this.sandbox.fault({
            kind: 'error-500-unstored',
            matching: { idempotencyKey: gatewayKey(payment) },
          }),
        );
      case 'record-replaced':
      case 'webhook-stored':
        return this.publishPayment(
          (payment) =>
            this.sandbox.fault({
              kind: 'settle-after',
              delayMs: soonMs,
              matching: { idempotencyKey: gatewayKey(payment) },
            }),
          'pm_usBankAccount_success',
        );
      default:
        return this.publishPayment(() => Promise.resolve());
    }
  }

  private async publishPayment(
    prepare: (payment: PlannedPayment) => Promise<void>,
    paymentMethodId = 'pm_card_visa',
  ): Promise<void> {
    const name = `provoked-${++this.published}`;
    const payment = {
      paymentId: `PAY-${name}`,
      idempotencyKey: `fault-run-${name}`,
      amount: 1,
      currency: 'USD',
      customerId: 'CUST-1',
      paymentMethodId,
    };
    await prepare(payment);
    await this.publisher.publish({ kind: 'first', atMs: 0, payment, minorUnits: 100 });
  }
}
