import { randomUUID } from 'node:crypto';
import { eventually } from '../support/eventually';
import { hostileHeaders } from '../support/hostile-headers';
import type { HostileHeaderKind } from '../support/hostile-headers';
import { gatewayKey } from '../support/payments';
import type { Sandbox } from '../support/sandbox';
import type { SkewedClock } from './faults';
import type { Disguise, PlannedPayment } from './load';
import type { Publisher } from './publisher';

const withoutKey = 'no key anywhere';
const sharing = 20;
const ofEachKind = 4;

const hourSeconds = 3_600;
const perSecond = { seconds: 1, milliseconds: 1_000, microseconds: 1_000_000 };

/** Less than the tolerance of 300 s, so that a busy machine may take its time. */
const minutesSeconds = 240;

/** Publishers of other teams: what they send is allowed, or not, but never what anybody would send on purpose. */
export class Strangers {
  private published = 0;

  constructor(
    private readonly publisher: Publisher,
    private readonly sandbox: Sandbox,
  ) {}

  /** Each table on a message that must be delayed, and on one that must become a dead letter. */
  async publishWithHeaders(kind: HostileHeaderKind): Promise<void> {
    const disguises = hostileHeaders[kind].map((headers) => ({ headers }));
    await Promise.all(
      disguises.flatMap((disguise) => [this.payingAfterAFailure(disguise), this.withoutKey(disguise)]),
    );
  }

  /** Many payments that nothing but their own keys tells apart, all of which must be delayed. */
  async publishSharingIds(): Promise<void> {
    const shared = { messageId: randomUUID(), correlationId: randomUUID(), timestamp: now() };
    await times(sharing, () => this.payingAfterAFailure(shared));
  }

  async publishByClock(clock: SkewedClock): Promise<void> {
    const { seconds, ...otherUnits } = perSecond;
    switch (clock) {
      case 'other units':
        await all(Object.values(otherUnits), (unit) => this.paying({ timestamp: now() * unit }));
        return;
      case 'minutes off':
        await all([seconds, perSecond.milliseconds], (unit) =>
          all([-minutesSeconds, minutesSeconds], (off) => this.paying({ timestamp: (now() + off) * unit })),
        );
        return;
      case 'hours ahead':
        await all(Object.values(perSecond), (unit) =>
          this.refused('a timestamp hours ahead', { timestamp: (now() + 3 * hourSeconds) * unit }),
        );
        return;
      default:
        return clock satisfies never;
    }
  }

  /** What needs a retry queue, what leads to a receipt, and what becomes a dead letter. */
  async publishForEachQueue(): Promise<void> {
    await times(ofEachKind, () =>
      Promise.all([this.payingAfterAFailure({}), this.paying({}), this.withoutKey({})]),
    );
  }

  /** Resolves when it has failed: at the end of a run the gateway is told to forget what it should do wrong. */
  private async payingAfterAFailure(disguise: Disguise): Promise<void> {
    const payment = await this.paying(disguise, (next) =>
      this.sandbox.fault({ kind: 'error-500-unstored', matching: { idempotencyKey: gatewayKey(next) } }),
    );
    const hasBeenTried = async () => (await this.sandbox.journal(gatewayKey(payment))).length > 0;
    // Other faults may take longer; then it fails later, or not at all.
    await eventually(hasBeenTried, { withinMs: 30_000, everyMs: 500 }).catch(() => undefined);
  }

  private async paying(
    disguise: Disguise,
    prepare: (payment: PlannedPayment) => Promise<void> = () => Promise.resolve(),
  ): Promise<PlannedPayment> {
    const payment = this.nextPayment();
    await prepare(payment);
    await this.publisher.publish({
      ...{ kind: 'first', atMs: 0, payment, minorUnits: 100, mustSucceed: true },
      disguise,
    });
    return payment;
  }

  private async refused(what: string, disguise: Disguise): Promise<void> {
    const payment = this.nextPayment();
    await this.publisher.publish({
      ...{ kind: 'refused', atMs: 0, payment, what, reason: 'invalid-message' },
      disguise,
    });
  }

  private async withoutKey(disguise: Disguise): Promise<void> {
    await this.publisher.publish({ kind: 'hostile', atMs: 0, name: withoutKey, disguise });
  }

  private nextPayment(): PlannedPayment {
    const name = `stranger-${++this.published}`;
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
