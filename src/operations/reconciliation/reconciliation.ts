import { setTimeout as sleep } from 'node:timers/promises';
import type { DeadLetter } from '../dead-letters/dead-letter';
import type { RedisIdempotencyStore } from 'nestjs-idempotent/redis';
import type { LedgerStatus } from '../../ledger/ledger-payment';
import type { LedgerReader } from '../../ledger/ledger-reader';
import { PAYMENT_SCOPE } from '../../payment/payment.dto';
import type { GatewayCharge, GatewayCharges } from '../../payment/gateway/gateway-charges';
import { earlierCharges } from './earlier-charges';
import { retryWhileUnavailable } from './retry-while-unavailable';
import { FactsReader, type Known } from './facts-reader';
import type { CheckContext } from './payment-facts';
import { checkPayment, PAYMENT_STATES, type PaymentState } from './payment-check';
import type { Problem } from './problem';

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
  /** The rows of the same payments; only with a ledger. */
  readonly ledger?: { readonly since: Date; readonly payments: Readonly<Record<LedgerStatus, number>> };
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

/** What does not change between the first check and the second. */
interface Given {
  readonly period: Period;
  readonly charges: ReadonlyMap<string, GatewayCharge[]>;
  readonly ledgerSince: Date | undefined;
}

/** What the gateway and the broker know. */
interface Survey extends Known {
  readonly context: CheckContext;
}

/** The result for a set of keys; payments that are not broken are only counted. */
interface CheckResult {
  readonly counts: Record<PaymentState, number>;
  readonly inLedger: Record<LedgerStatus, number>;
  readonly broken: Map<string, readonly Problem[]>;
}

const LEDGER_STATUSES = ['in-progress', 'processing', 'succeeded', 'declined', 'failed'] as const;

/** Payments looked up at the same time. */
const AT_ONCE = 200;
/** Longer than the moment in which a payment moves between two sources and is visible in neither. */
const SECOND_CHECK_MS = 3_000;

/**
 * Compares what Redis, the dead letters, the gateway and the ledger, if there is one, say about each payment. Changes nothing.
 *
 * Memory holds the keys, the charges and dead letters of the period, and the broken payments. Records are read a few at
 * a time and not kept.
 */
export class Reconciliation {
  private step = 'connecting';
  private readonly reader: FactsReader;

  constructor(
    private readonly store: Pick<RedisIdempotencyStore, 'keysOf' | 'find'>,
    private readonly gateway: GatewayCharges,
    private readonly broker: BrokerView,
    private readonly ledger?: LedgerReader,
  ) {
    this.reader = new FactsReader(store, gateway, ledger);
  }

  /** The current step and its progress, for people. */
  get progress(): string {
    return this.step;
  }

  /**
   * The service may be running, so a payment that looks broken is checked a second time, and only what stays broken counts.
   *
   * @throws StoreUnavailableError, LedgerUnavailableError, GatewayError, DeadLettersLockedError, or an error of the broker's
   *   client
   */
  async run(period: Period): Promise<Report> {
    const ledgerSince = await this.ledger?.beginning();
    this.step = 'keys in Redis';
    const known = await retryWhileUnavailable(() => this.store.keysOf(PAYMENT_SCOPE));
    this.step = 'keys in the ledger';
    const inLedger = await this.keysInLedger(period.since);
    // Read after Redis and the ledger, so that every payment recorded there has already been charged.
    const { byKey: charges, ofOthers } = await this.chargesByKey(period.since);
    const ours = [...charges.values()].flat().length;
    const named = new Set([...known, ...inLedger, ...charges.keys()]);
    const earlier = await earlierCharges(this.gateway, named, period);
    for (const charge of earlier.charges) addCharge(charges, charge);
    const given = { period, charges, ledgerSince };
    const survey = await this.survey(given);
    const keys = new Set([...named, ...survey.letters.keys()]);
    const first = await this.checkAll([...keys], survey);
    const { counts, broken } = first.broken.size > 0 ? await this.checkAgain(first, given) : first;
    return {
      since: period.since,
      lookedBackTo: earlier.lookedBackTo,
      charges: { ours, ofOthers },
      payments: counts,
      ...(ledgerSince && { ledger: { since: ledgerSince, payments: first.inLedger } }),
      broken: [...broken].map(([idempotencyKey, problems]) => ({ idempotencyKey, problems })),
    };
  }

  private async keysInLedger(since: Date): Promise<ReadonlySet<string>> {
    const { ledger } = this;
    return ledger ? retryWhileUnavailable(() => ledger.keysSince(since)) : new Set();
  }

  private async checkAgain({ counts, inLedger, broken }: CheckResult, given: Given): Promise<CheckResult> {
    await sleep(SECOND_CHECK_MS);
    const second = await this.checkAll([...broken.keys()], await this.survey(given));
    const all = { ...second.counts };
    for (const state of PAYMENT_STATES) if (state !== 'broken') all[state] += counts[state];
    return { counts: all, inLedger, broken: second.broken };
  }

  private async survey({ period, charges, ledgerSince }: Given): Promise<Survey> {
    this.step = 'dead letters';
    const letters = lettersByKey(await this.broker.deadLetters());
    const waitingMessages = await this.broker.waitingMessages();
    return { since: period.since, charges, letters, context: { ...period, ledgerSince, waitingMessages } };
  }

  private async checkAll(keys: readonly string[], survey: Survey): Promise<CheckResult> {
    const checked: CheckResult = {
      counts: zeros(PAYMENT_STATES),
      inLedger: zeros(LEDGER_STATUSES),
      broken: new Map(),
    };
    for (let start = 0; start < keys.length; start += AT_ONCE) {
      this.step = `payment ${start} of ${keys.length}`;
      for (const facts of await this.reader.factsOf(keys.slice(start, start + AT_ONCE), survey)) {
        const { state, problems } = checkPayment(facts, survey.context);
        checked.counts[state]++;
        if (facts.inLedger) checked.inLedger[facts.inLedger.status]++;
        if (state === 'broken') checked.broken.set(facts.idempotencyKey, problems);
      }
    }
    return checked;
  }

  private async chargesByKey(
    since: Date,
  ): Promise<{ byKey: Map<string, GatewayCharge[]>; ofOthers: number }> {
    const byKey = new Map<string, GatewayCharge[]>();
    let ofOthers = 0;
    let count = 0;
    for await (const charge of this.gateway.chargesSince(since)) {
      this.step = `charge ${++count} at the gateway`;
      if (charge.idempotencyKey === undefined) ofOthers++;
      else addCharge(byKey, charge);
    }
    return { byKey, ofOthers };
  }
}

/** Only once: a charge made in the second in which the period begins is found twice. */
function addCharge(byKey: Map<string, GatewayCharge[]>, charge: GatewayCharge): void {
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

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
