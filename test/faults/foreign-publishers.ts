import { randomUUID } from 'node:crypto';
import { eventually } from '../support/eventually';
import { hostileHeaders } from '../support/hostile-headers';
import type { HostileHeaderKind } from '../support/hostile-headers';
import { gatewayKey } from '../support/payments';
import type { Sandbox } from '../support/sandbox';
import type { SkewedClock } from './faults';
import type { Overrides, PlannedPayment } from './load';
import type { Publisher } from './publisher';

const withoutKey = 'no key anywhere';
const paymentsSharingIds = 20;
const ofEachKind = 4;

const hourSeconds = 3_600;
const perSecond = { seconds: 1, milliseconds: 1_000, microseconds: 1_000_000 };

/** Less than the tolerance of 300 s, so that a busy machine has time to spare. */
const minutesSeconds = 240;

/** Publishers of other teams: their messages are unusual, some allowed and some not. */
export class ForeignPublishers {
  private published = 0;

  constructor(
    private readonly publisher: Publisher,
    private readonly sandbox: Sandbox,
  ) {}

  /** Each header table on a message that must be delayed, and on one that must become a dead letter. */
  async publishWithHeaders(kind: HostileHeaderKind): Promise<void> {
    const allOverrides = hostileHeaders[kind].map((headers) => ({ headers }));
    await Promise.all(
      allOverrides.flatMap((overrides) => [
        this.payAfterAFailure(overrides),
        this.publishWithoutKey(overrides),
      ]),
    );
  }

  /** Many payments that differ only in their keys; all of them must be delayed. */
  async publishSharingIds(): Promise<void> {
    const shared = { messageId: randomUUID(), correlationId: randomUUID(), timestamp: now() };
    await times(paymentsSharingIds, () => this.payAfterAFailure(shared));
  }

  async publishByClock(clock: SkewedClock): Promise<void> {
    const { seconds, ...otherUnits } = perSecond;
    switch (clock) {
      case 'other units':
        await all(Object.values(otherUnits), (unit) => this.pay({ timestamp: now() * unit }));
        return;
      case 'minutes off':
        await all([seconds, perSecond.milliseconds], (unit) =>
          all([-minutesSeconds, minutesSeconds], (off) => this.pay({ timestamp: (now() + off) * unit })),
        );
        return;
      case 'hours ahead':
        await all(Object.values(perSecond), (unit) =>
          this.publishRejected('a timestamp hours ahead', { timestamp: (now() + 3 * hourSeconds) * unit }),
        );
        return;
      default:
        return clock satisfies never;
    }
  }

  /** Messages that need a retry queue, messages that lead to a receipt, and messages that become dead letters. */
  async publishForEachQueue(): Promise<void> {
    await times(ofEachKind, () =>
      Promise.all([this.payAfterAFailure({}), this.pay({}), this.publishWithoutKey({})]),
    );
  }

  /** Resolves after the failed attempt, because the faults of the gateway are cleared at the end of a run. */
  private async payAfterAFailure(overrides: Overrides): Promise<void> {
    const payment = await this.pay(overrides, (next) =>
      this.sandbox.fault({ kind: 'error-500-unstored', matching: { idempotencyKey: gatewayKey(next) } }),
    );
    const hasBeenTried = async () => (await this.sandbox.journal(gatewayKey(payment))).length > 0;
    // Because of other faults the attempt may come later, or not fail at all.
    await eventually(hasBeenTried, { withinMs: 30_000, everyMs: 500 }).catch(() => undefined);
  }

  private async pay(
    overrides: Overrides,
    prepare: (payment: PlannedPayment) => Promise<void> = () => Promise.resolve(),
  ): Promise<PlannedPayment> {
    const payment = this.nextPayment();
    await prepare(payment);
    await this.publisher.publish({
      ...{ kind: 'first', atMs: 0, payment, minorUnits: 100, mustSucceed: true },
      overrides,
    });
    return payment;
  }

  private async publishRejected(what: string, overrides: Overrides): Promise<void> {
    const payment = this.nextPayment();
    await this.publisher.publish({
      ...{ kind: 'rejected', atMs: 0, payment, what, reason: 'invalid-message' },
      overrides,
    });
  }

  private async publishWithoutKey(overrides: Overrides): Promise<void> {
    await this.publisher.publish({ kind: 'hostile', atMs: 0, name: withoutKey, overrides });
  }

  private nextPayment(): PlannedPayment {
    const name = `foreign-${++this.published}`;
    return {
      paymentId: `PAY-${name}`,
      idempotencyKey: `fault-run-${name}`,
      amount: 1,
      currency: 'USD',
      customerId: 'CUST-1',
      paymentMethodId: 'pm_card_visa',
    };
  }
}

function now(): number {
  return Math.floor(Date.now() / 1_000);
}

async function all<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  await Promise.all(items.map(work));
}

async function times(count: number, work: () => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: count }, work));
}
