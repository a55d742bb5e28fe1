import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetter } from '../dead-letters/dead-letter';
import type { RedisIdempotencyStore } from '../idempotency';
import { StoreUnavailableError } from '../idempotency';
import { PAYMENT_SCOPE } from '../payment/payment.dto';
import type { LedgerCharge, PaymentLedger } from '../payment/gateway/payment-ledger';
import { earlierCharges } from './earlier-charges';
import { patiently } from './patiently';
import { recordedIn, type PaymentFacts, type Recorded } from './payment-facts';
import { judge, PAYMENT_STATES, type PaymentState, type Problem, type Scene } from './verdict';

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

/** What came of looking at keys: of those that are well only their number is kept. */
interface Judged {
  readonly counts: Record<PaymentState, number>;
  readonly broken: Map<string, readonly Problem[]>;
}

/** Payments looked up at the same time. */
const AT_ONCE = 200;
/** Longer than the moment in which a payment on its way is in none of the places that are looked at. */
const SECOND_LOOK_MS = 3_000;

/**
 * Compares what Redis, the dead letters and the gateway say of each payment. Changes nothing anywhere.
 *
 * In memory are the keys, the charges and dead letters of the period, and what is broken. Records are looked up a few at
 * a time, and forgotten when they are judged.
 */
export class Reconciliation {
  private step = 'connecting';

  constructor(
    private readonly store: Pick<RedisIdempotencyStore, 'keysOf' | 'find'>,
    private readonly ledger: PaymentLedger,
    private readonly broker: BrokerView,
  ) {}

  /** What is being done, and how far it is, for people. */
  get progress(): string {
    return this.step;
  }

  /**
   * Payments go on meanwhile, so what looks broken is looked at once more, and only what stays broken counts.
   *
   * @throws StoreUnavailableError, GatewayError, DeadLettersLockedError, or an error of the broker's client
   */
  async run(period: Period): Promise<Report> {
    this.step = 'keys in Redis';
    const known = await patiently(() => this.store.keysOf(PAYMENT_SCOPE));
    // After Redis was read: whatever is recorded by then is charged by now.
    const { byKey: charges, ofOthers } = await this.chargesByKey(period.since);
    const ours = [...charges.values()].flat().length;
    const earlier = await earlierCharges(this.ledger, new Set([...known, ...charges.keys()]), period);
    for (const charge of earlier.charges) addCharge(charges, charge);
    const survey = await this.survey({ period, charges });
    const keys = new Set([...known, ...charges.keys(), ...survey.letters.keys()]);
    const first = await this.judged([...keys], survey);
    const judged = first.broken.size > 0 ? await this.lookedAtAgain(first, { period, charges }) : first;
    const { lookedBackTo } = earlier;
    return { since: period.since, lookedBackTo, charges: { ours, ofOthers }, ...summaryOf(judged) };
  }

  private async lookedAtAgain(
    { counts, broken }: Judged,
    given: Pick<Survey, 'period' | 'charges'>,
  ): Promise<Judged> {
    await sleep(SECOND_LOOK_MS);
    const second = await this.judged([...broken.keys()], await this.survey(given));
    const all = { ...second.counts };
    for (const state of PAYMENT_STATES) if (state !== 'broken') all[state] += counts[state];
    return { counts: all, broken: second.broken };
  }

  private async survey(given: Pick<Survey, 'period' | 'charges'>): Promise<Survey> {
    this.step = 'dead letters';
    const letters = lettersByKey(await this.broker.deadLetters());
    const scene = { ...given.period, waitingMessages: await this.broker.waitingMessages() };
    return { ...given, letters, scene };
  }

  private async judged(keys: readonly string[], survey: Survey): Promise<Judged> {
    const judged: Judged = {
      counts: { succeeded: 0, declined: 0, 'dead-letter': 0, 'in-progress': 0, broken: 0 },
      broken: new Map(),
    };
    for (let start = 0; start < keys.length; start += AT_ONCE) {
      this.step = `payment ${start} of ${keys.length}`;
      const some = keys.slice(start, start + AT_ONCE);
      for (const facts of await Promise.all(some.map((key) => this.factsOf(key, survey)))) {
        const { state, problems } = judge(facts, survey.scene);
        judged.counts[state]++;
        if (state === 'broken') judged.broken.set(facts.idempotencyKey, problems);
      }
    }
    return judged;
  }

  private async factsOf(idempotencyKey: string, survey: Survey): Promise<PaymentFacts> {
    const inRedis = await this.inRedis(idempotencyKey);
    const charges = await this.withRecordedOne(survey.charges.get(idempotencyKey) ?? [], {
      recorded: inRedis.recorded,
      since: survey.period.since,
    });
    return { idempotencyKey, ...inRedis, charges, deadLetters: survey.letters.get(idempotencyKey) ?? [] };
  }

  private async inRedis(key: string): Promise<Pick<PaymentFacts, 'recorded' | 'claims' | 'isHeld'>> {
    try {
      const finding = await patiently(() => this.store.find({ scope: PAYMENT_SCOPE, key }));
      const isHeld = finding.remainingLeaseMs !== undefined;
      return { recorded: recordedIn(finding), claims: finding.attempts, isHeld };
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      return { recorded: { kind: 'unreadable' }, claims: 0, isHeld: false };
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
    let count = 0;
    for await (const charge of this.ledger.chargesSince(since)) {
      this.step = `charge ${++count} at the gateway`;
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

function summaryOf({ counts, broken }: Judged): Pick<Report, 'payments' | 'broken'> {
  return {
    payments: counts,
    broken: [...broken].map(([idempotencyKey, problems]) => ({ idempotencyKey, problems })),
  };
}
