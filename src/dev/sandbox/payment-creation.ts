import type { ChargeRequest } from './charge-request';
import { arrivalFaults, replyTo } from './fault-injection';
import type { FaultInjection } from './fault-injection';
import type { FaultOf, FaultTarget } from './faults';
import type { JsonReply, Reply } from './http';
import type { EntryFacts, FaultEntry, KeptEntry, NoteEntry } from './journal-entry';
import type { Ledger } from './ledger';
import { checkPayment } from './payment-checks';
import type { Payment } from './payment-checks';
import { pause } from './pause';
import { firstEntry, usualSettleAfterMs } from './payment-entries';
import { answerOf } from './payment-intents';
import type { PaymentStates } from './payment-states';
import { internalError, keyInUse, keyReused } from './stripe-errors';
import { genericDecline } from './test-payment-methods';

/** A charge request while it is processed. */
interface ChargeInProgress {
  request: ChargeRequest;
  target: FaultTarget;
  facts: EntryFacts;
  /** The key that the gateway uses; `null` without one, or if a fault makes it ignore the key. */
  key: string | null;
  /** The delay before the card is charged. */
  workMs: number;
}

/** Refused: nothing was done and nothing is kept. Answered: executed now, or executed before and replayed. */
interface Decision {
  kind: 'refused' | 'answered';
  reply: JsonReply;
}

interface CreationParts {
  ledger: Ledger;
  states: PaymentStates;
  injection: FaultInjection;
  times: PaymentTimes;
}

export interface PaymentTimes {
  latencyMs: number;
  settleAfterMs: number;
}

/** Handles `POST /v1/payment_intents`. */
export class PaymentCreation {
  private readonly ledger: Ledger;
  private readonly states: PaymentStates;
  private readonly injection: FaultInjection;
  private readonly times: PaymentTimes;

  constructor({ ledger, states, injection, times }: CreationParts) {
    this.ledger = ledger;
    this.states = states;
    this.injection = injection;
    this.times = times;
  }

  async create(request: ChargeRequest): Promise<Reply> {
    const arrival = { request, target: targetOf(request), facts: factsOf(request) };
    const refusal = await this.injection.apply(arrivalFaults, arrival);
    if (refusal) return replyTo(refusal, request.idempotencyKey);
    const ignored = await this.injection.apply(['ignore-keys'], arrival);
    const delay = await this.injection.apply(['delay'], arrival);
    const key = ignored ? null : request.idempotencyKey;
    const decision = await this.decide({
      ...arrival,
      key,
      workMs: this.times.latencyMs + delayMs(delay, 'before'),
    });
    if (decision.kind === 'refused') return decision.reply;
    await pause(delayMs(delay, 'after'));
    const dropped = await this.injection.apply(['drop-after'], arrival);
    return dropped ? { kind: 'drop' } : decision.reply;
  }

  private async decide(charge: ChargeInProgress): Promise<Decision> {
    const { request, facts, key } = charge;
    const state = this.ledger.keys.begin({ key, parametersHash: request.parametersHash });
    switch (state.kind) {
      case 'running':
        return this.refuse(facts, { type: 'conflict', reply: keyInUse(key ?? '') });
      case 'key-reused':
        return this.refuse(facts, { type: 'mismatch', reply: keyReused(key ?? '') });
      case 'replay':
        return this.replay(charge, state.kept);
      case 'execute':
        // Released only after the outcome is durable: until then an equal request must get the 409.
        return this.execute(charge).finally(() => this.ledger.keys.release(key));
      default:
        return state satisfies never;
    }
  }

  private async replay({ facts, workMs }: ChargeInProgress, kept: KeptEntry): Promise<Decision> {
    await pause(workMs);
    const { paymentIntentId, storedStatus } = kept;
    await this.ledger.record({
      ...facts,
      type: 'replay',
      paymentIntentId,
      detail: `replayed ${storedStatus}`,
    });
    const reply = answerOf(kept);
    return {
      kind: 'answered',
      reply: { ...reply, headers: { ...reply.headers, 'Idempotent-Replayed': 'true' } },
    };
  }

  private async execute(charge: ChargeInProgress): Promise<Decision> {
    const { request, target, facts, key } = charge;
    const checked = checkPayment(request);
    if (checked.kind === 'invalid') return this.refuse(facts, { type: 'rejected', reply: checked.failure });
    await pause(charge.workMs);
    const failure = this.injection.faults.next(['error-500'], target);
    if (failure) await this.recordFailure(charge, failure);
    if (failure?.charged === false) return failed(failure);
    const storedStatus = key === null ? null : failure?.status;
    const payment = await this.decline(charge, checked.payment);
    const settleAfterMs = await this.settleAfterMs(charge, payment);
    const entry = firstEntry({ facts, payment, storedStatus, settleAfterMs });
    await this.states.record(entry);
    return failure ? failed(failure) : { kind: 'answered', reply: answerOf(entry) };
  }

  /** A fault can make any payment a decline. */
  private async decline(charge: ChargeInProgress, payment: Payment): Promise<Payment> {
    const declined = await this.injection.apply(['decline'], charge);
    return declined ? { ...payment, method: { kind: 'declines', failure: genericDecline } } : payment;
  }

  private async settleAfterMs(charge: ChargeInProgress, { method }: Payment): Promise<number | null> {
    if (method.kind !== 'waits') return null;
    const ordered = await this.injection.apply(['settle-after'], charge);
    return ordered?.delayMs ?? usualSettleAfterMs(method, this.times.settleAfterMs);
  }

  private async recordFailure(
    { facts, key }: ChargeInProgress,
    failure: FaultOf<'error-500'>,
  ): Promise<void> {
    const storedStatus = failure.charged || key === null ? null : failure.status;
    const entry: FaultEntry = { ...facts, type: 'fault', fault: failure.kind, storedStatus };
    await this.ledger.record(entry);
  }

  private async refuse(
    facts: EntryFacts,
    { type, reply }: { type: NoteEntry['type']; reply: JsonReply },
  ): Promise<Decision> {
    await this.ledger.record({ ...facts, type, detail: `answered ${reply.status}` });
    return { kind: 'refused', reply };
  }
}

function failed({ status }: FaultOf<'error-500'>): Decision {
  return { kind: 'answered', reply: internalError({ status, kept: true }) };
}

function delayMs(delay: FaultOf<'delay'> | undefined, when: 'before' | 'after'): number {
  return delay?.when === when ? delay.delayMs : 0;
}

function targetOf({ idempotencyKey, parameters, metadata }: ChargeRequest): FaultTarget {
  return { request: 'create', idempotencyKey, paymentMethod: parameters.get('payment_method'), metadata };
}

function factsOf({ idempotencyKey, parametersHash, parameters, metadata }: ChargeRequest): EntryFacts {
  const amount = Number(parameters.get('amount') ?? Number.NaN);
  return {
    at: new Date().toISOString(),
    idempotencyKey,
    parametersHash,
    paymentIntentId: null,
    amount: Number.isInteger(amount) ? amount : null,
    currency: parameters.get('currency')?.toLowerCase() ?? null,
    ...(metadata.customer_id !== undefined && { customerId: metadata.customer_id }),
    metadata,
  };
}
