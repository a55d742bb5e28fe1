import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetter } from '../dead-letters/dead-letter';
import type { RedisIdempotencyStore } from '../idempotency';
import { StoreUnavailableError } from '../idempotency';
import { PAYMENT_SCOPE } from '../payment/payment.dto';
import type { LedgerCharge, PaymentLedger } from '../payment/gateway/payment-ledger';
import { earlierCharges } from './earlier-charges';
import { recordedIn, type PaymentFacts, type Recorded } from './payment-facts';
import { judge, type PaymentState, type Problem, type Scene, type Verdict } from './verdict';

/** What the broker knows of payments. */
export interface BrokerView {
  deadLetters(): Promise<DeadLetter[]>;
  /** In the work queue and the retry queues. */
  waitingMessages(): Promise<number>;
}

export interface BrokenPayment {
  readonly idempotencyKey: string;
  readonly problems: readonly Problem[];
}

export interface Report {
  readonly since: Date;
  /** From here on earlier charges of the same keys were looked for; undefined: whatever their age. */
  readonly lookedBackTo: Date | undefined;
  readonly payments: Readonly<Record<PaymentState, number>>;
  readonly charges: { readonly ours: number; readonly ofOthers: number };
  readonly broken: readonly BrokenPayment[];
}

export interface Period {
  /** Charges made before are looked at only where their key is known from later on. */
  readonly since: Date;
  /** How far back those are looked for where the gateway cannot be searched. */
  readonly listedSince: Date;
  /** Charges made before may have lost their record by age. */
  readonly recordsSince: Date;
}

/** What is known beside Redis. */
interface Survey {
  readonly period: Period;
  readonly charges: ReadonlyMap<string, LedgerCharge[]>;
  readonly letters: ReadonlyMap<string, DeadLetter[]>;
  readonly scene: Scene;
}

/** Payments looked up at the same time. */
const AT_ONCE = 200;
/** Longer than the moment in which a payment on its way is in none of the places that are looked at. */
const SECOND_LOOK_MS = 3_000;

/** Compares what Redis, the dead letters and the gateway say of each payment. Changes nothing anywhere. */
export class Reconciliation {
  constructor(
    private readonly store: Pick<RedisIdempotencyStore, 'keysOf' | 'find'>,
    private readonly ledger: PaymentLedger,
    private readonly broker: BrokerView,
  ) {}

  /**
   * Payments go on meanwhile, so what looks broken is looked at once more, and only what stays broken counts.
   *
   * @throws StoreUnavailableError, GatewayError, DeadLettersBusyError, or an error of the broker's client
   */
  async run(period: Period): Promise<Report> {
    const known = await this.store.keysOf(PAYMENT_SCOPE);
    // After Redis was read: whatever is recorded by then is charged by now.
    const { byKey: charges, ofOthers } = await this.chargesByKey(period.since);
    const ours = [...charges.values()].flat().length;
    const earlier = await earlierCharges(this.ledger, new Set([...known, ...charges.keys()]), period);
    for (const charge of earlier.charges) addCharge(charges, charge);
    const survey = await this.survey({ period, charges });
    const keys = new Set([...known, ...charges.keys(), ...survey.letters.keys()]);
    const verdicts = await this.verdictsOn([...keys], survey);
    const suspects = brokenIn(verdicts);
    if (suspects.length > 0) {
      await sleep(SECOND_LOOK_MS);
      const second = await this.verdictsOn(suspects, await this.survey({ period, charges }));
      for (const [key, verdict] of second) verdicts.set(key, verdict);
    }
    const { lookedBackTo } = earlier;
    return { since: period.since, lookedBackTo, charges: { ours, ofOthers }, ...summaryOf(verdicts) };
  }

  private async survey(given: Pick<Survey, 'period' | 'charges'>): Promise<Survey> {
    const letters = lettersByKey(await this.broker.deadLetters());
    const scene = { ...given.period, waitingMessages: await this.broker.waitingMessages() };
    return { ...given, letters, scene };
  }

  private async verdictsOn(keys: readonly string[], survey: Survey): Promise<Map<string, Verdict>> {
    const verdicts = new Map<string, Verdict>();
    for (let start = 0; start < keys.length; start += AT_ONCE) {
      const some = keys.slice(start, start + AT_ONCE);
      const facts = await Promise.all(some.map((key) => this.factsOf(key, survey)));
      for (const fact of facts) verdicts.set(fact.idempotencyKey, judge(fact, survey.scene));
    }
    return verdicts;
  }

  private async factsOf(idempotencyKey: string, survey: Survey): Promise<PaymentFacts> {
    const inRedis = await this.inRedis(idempotencyKey);
    const charges = await this.withRecordedOne(survey.charges.get(idempotencyKey) ?? [], {
      recorded: inRedis.recorded,
      since: survey.period.since,
    });
    return { idempotencyKey, ...inRedis, charges, deadLetters: survey.letters.get(idempotencyKey) ?? [] };
  }

  private async inRedis(key: string): Promise<Pick<PaymentFacts, 'recorded' | 'acquisitions' | 'isHeld'>> {
    try {
      const finding = await this.store.find({ scope: PAYMENT_SCOPE, key });
      const isHeld = finding.remainingLeaseMs !== undefined;
      return { recorded: recordedIn(finding), acquisitions: finding.attempts, isHeld };
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      return { recorded: { kind: 'unreadable' }, acquisitions: 0, isHeld: false };
    }
  }

  /** A payment may be recorded long after it was charged; that charge is then not among the latest. */
  private async withRecordedOne(
    charges: readonly LedgerCharge[],
    { recorded, since }: { recorded: Recorded | undefined; since: Date },
  ): Promise<readonly LedgerCharge[]> {
    if (recorded?.kind !== 'succeeded' || recorded.processedAt < since) return charges;
    if (charges.some(({ chargeId }) => chargeId === recorded.chargeId)) return charges;
    const older = await this.ledger.charge(recorded.chargeId);
    return older ? [...charges, older] : charges;
  }

  private async chargesByKey(since: Date): Promise<{ byKey: Map<string, LedgerCharge[]>; ofOthers: number }> {
    const byKey = new Map<string, LedgerCharge[]>();
    let ofOthers = 0;
    for await (const charge of this.ledger.chargesSince(since)) {
      if (charge.idempotencyKey === undefined) ofOthers++;
      else addCharge(byKey, charge);
    }
    return { byKey, ofOthers };
  }
}

/** Once: a charge of the second in which the period begins is on both sides of it. */
function addCharge(byKey: Map<string, LedgerCharge[]>, charge: LedgerCharge): void {
  const { idempotencyKey, chargeId } = charge;
  if (idempotencyKey === undefined) return;
  const known = byKey.get(idempotencyKey) ?? [];
  if (!known.some((other) => other.chargeId === chargeId)) byKey.set(idempotencyKey, [...known, charge]);
}

function lettersByKey(letters: readonly DeadLetter[]): Map<string, DeadLetter[]> {
  const byKey = new Map<string, DeadLetter[]>();
  for (const letter of letters.filter(({ endsPayment }) => endsPayment)) {
    const { idempotencyKey } = letter;
    if (idempotencyKey !== undefined)
      byKey.set(idempotencyKey, [...(byKey.get(idempotencyKey) ?? []), letter]);
  }
  return byKey;
}

function brokenIn(verdicts: ReadonlyMap<string, Verdict>): string[] {
  return [...verdicts].filter(([, { state }]) => state === 'broken').map(([key]) => key);
}

function summaryOf(verdicts: ReadonlyMap<string, Verdict>): Pick<Report, 'payments' | 'broken'> {
  const payments = { succeeded: 0, declined: 0, 'dead-letter': 0, 'in-progress': 0, broken: 0 };
  for (const { state } of verdicts.values()) payments[state]++;
  const broken = [...verdicts].filter(([, { state }]) => state === 'broken');
  return { payments, broken: broken.map(([idempotencyKey, { problems }]) => ({ idempotencyKey, problems })) };
}
