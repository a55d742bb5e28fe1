import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetter } from '../dead-letters/dead-letter';
import type { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import { StoreUnavailableError } from 'nestjs-idempotent';
import { PAYMENT_SCOPE } from '../../payment/payment.dto';
import type { LedgerCharge, PaymentLedger } from '../../payment/gateway/payment-ledger';
import { earlierCharges } from './earlier-charges';
import { retryWhileUnavailable } from './retry-while-unavailable';
import { recordedIn, type PaymentFacts, type Recorded } from './payment-facts';
import {
  checkPayment,
  PAYMENT_STATES,
  type PaymentState,
  type Problem,
  type CheckContext,
} from './payment-check';

/** What the broker knows about payments. */
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
  /** Earlier charges of the same keys were read from here on; undefined when charges of any age were found. */
  readonly lookedBackTo: Date | undefined;
  readonly payments: Readonly<Record<PaymentState, number>>;
  readonly charges: { readonly ours: number; readonly ofOthers: number };
  readonly broken: readonly BrokenPayment[];
}

export interface Period {
  /** Earlier charges count only if their key also appears later. */
  readonly since: Date;
  /** How far back these are read when the gateway cannot be searched. */
  readonly listedSince: Date;
  /** The record of an earlier charge may have expired. */
  readonly recordsSince: Date;
}

/** What the gateway and the broker know. */
interface Survey {
  readonly period: Period;
  readonly charges: ReadonlyMap<string, LedgerCharge[]>;
  readonly letters: ReadonlyMap<string, DeadLetter[]>;
  readonly context: CheckContext;
}

/** The result for a set of keys; payments that are not broken are only counted. */
interface CheckResult {
  readonly counts: Record<PaymentState, number>;
  readonly broken: Map<string, readonly Problem[]>;
}

/** Payments looked up at the same time. */
const AT_ONCE = 200;
/** Longer than the moment in which a payment moves between two sources and is visible in neither. */
const SECOND_CHECK_MS = 3_000;

/**
 * Compares what Redis, the dead letters and the gateway say about each payment. Changes nothing.
 *
 * Memory holds the keys, the charges and dead letters of the period, and the broken payments. Records are read a few at
 * a time and not kept.
 */
export class Reconciliation {
  private step = 'connecting';

  constructor(
    private readonly store: Pick<RedisIdempotencyStore, 'keysOf' | 'find'>,
    private readonly ledger: PaymentLedger,
    private readonly broker: BrokerView,
  ) {}

  /** The current step and its progress, for people. */
  get progress(): string {
    return this.step;
  }

  /**
   * The service may be running, so a payment that looks broken is checked a second time, and only what stays broken counts.
   *
   * @throws StoreUnavailableError, GatewayError, DeadLettersLockedError, or an error of the broker's client
   */
  async run(period: Period): Promise<Report> {
    this.step = 'keys in Redis';
    const known = await retryWhileUnavailable(() => this.store.keysOf(PAYMENT_SCOPE));
    // Read after Redis, so that every payment recorded there has already been charged.
    const { byKey: charges, ofOthers } = await this.chargesByKey(period.since);
    const ours = [...charges.values()].flat().length;
    const earlier = await earlierCharges(this.ledger, new Set([...known, ...charges.keys()]), period);
    for (const charge of earlier.charges) addCharge(charges, charge);
    const survey = await this.survey({ period, charges });
    const keys = new Set([...known, ...charges.keys(), ...survey.letters.keys()]);
    const first = await this.checkAll([...keys], survey);
    const checked = first.broken.size > 0 ? await this.checkAgain(first, { period, charges }) : first;
    const { lookedBackTo } = earlier;
    return { since: period.since, lookedBackTo, charges: { ours, ofOthers }, ...summaryOf(checked) };
  }

  private async checkAgain(
    { counts, broken }: CheckResult,
    given: Pick<Survey, 'period' | 'charges'>,
  ): Promise<CheckResult> {
    await sleep(SECOND_CHECK_MS);
    const second = await this.checkAll([...broken.keys()], await this.survey(given));
    const all = { ...second.counts };
    for (const state of PAYMENT_STATES) if (state !== 'broken') all[state] += counts[state];
    return { counts: all, broken: second.broken };
  }

  private async survey(given: Pick<Survey, 'period' | 'charges'>): Promise<Survey> {
    this.step = 'dead letters';
    const letters = lettersByKey(await this.broker.deadLetters());
    const context = { ...given.period, waitingMessages: await this.broker.waitingMessages() };
    return { ...given, letters, context };
  }

  private async checkAll(keys: readonly string[], survey: Survey): Promise<CheckResult> {
    const checked: CheckResult = {
      counts: { succeeded: 0, declined: 0, 'dead-letter': 0, 'in-progress': 0, broken: 0 },
      broken: new Map(),
    };
    for (let start = 0; start < keys.length; start += AT_ONCE) {
      this.step = `payment ${start} of ${keys.length}`;
      const some = keys.slice(start, start + AT_ONCE);
      for (const facts of await Promise.all(some.map((key) => this.factsOf(key, survey)))) {
        const { state, problems } = checkPayment(facts, survey.context);
        checked.counts[state]++;
        if (state === 'broken') checked.broken.set(facts.idempotencyKey, problems);
      }
    }
    return checked;
  }

  private async factsOf(idempotencyKey: string, survey: Survey): Promise<PaymentFacts> {
    const inRedis = await this.inRedis(idempotencyKey);
    const charges = await this.withRecordedCharge(survey.charges.get(idempotencyKey) ?? [], {
      recorded: inRedis.recorded,
      since: survey.period.since,
    });
    return { idempotencyKey, ...inRedis, charges, deadLetters: survey.letters.get(idempotencyKey) ?? [] };
  }

  private async inRedis(key: string): Promise<Pick<PaymentFacts, 'recorded' | 'attempts' | 'isHeld'>> {
    try {
      const finding = await retryWhileUnavailable(() => this.store.find({ scope: PAYMENT_SCOPE, key }));
      const isHeld = finding.remainingLeaseMs !== undefined;
      return { recorded: recordedIn(finding), attempts: finding.attempts, isHeld };
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      return { recorded: { kind: 'unreadable' }, attempts: 0, isHeld: false };
    }
  }

  /** A payment may be recorded long after it was charged; the charge is then older than the period. */
  private async withRecordedCharge(
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
    let count = 0;
    for await (const charge of this.ledger.chargesSince(since)) {
      this.step = `charge ${++count} at the gateway`;
      if (charge.idempotencyKey === undefined) ofOthers++;
      else addCharge(byKey, charge);
    }
    return { byKey, ofOthers };
  }
}

/** Only once: a charge made in the second in which the period begins is found twice. */
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

function summaryOf({ counts, broken }: CheckResult): Pick<Report, 'payments' | 'broken'> {
  return {
    payments: counts,
    broken: [...broken].map(([idempotencyKey, problems]) => ({ idempotencyKey, problems })),
  };
}
