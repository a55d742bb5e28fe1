import {
  isInProgress,
  type CheckContext,
  type InLedger,
  type PaymentFacts,
  type Recorded,
} from './payment-facts';
import type { GatewayCharge } from '../../payment/gateway/gateway-charges';
import { idsOf, type Problem } from './problem';

/** Compares a payment's row in the ledger with its record and its charges; none without a ledger. */
export function ledgerProblems(facts: PaymentFacts, context: CheckContext): Problem[] {
  const { ledgerSince } = context;
  if (!ledgerSince) return [];
  return [
    differsFromRecord(facts),
    recordedNotInLedger(facts, ledgerSince),
    withoutCharge(facts, context),
    chargedNotInLedger(facts, { ...context, ledgerSince }),
  ].filter((problem) => problem !== undefined);
}

/**
 * Whether the record has an end that the ledger does not have yet. The record is written first: after a crash in between, the
 * ledger gets the end when the gateway is asked the next time.
 */
export function isEndOnItsWay({ recorded, inLedger }: PaymentFacts): boolean {
  if (recorded?.kind !== 'succeeded' && recorded?.kind !== 'failed') return false;
  return inLedger?.status === 'processing' && inLedger.chargeId === recorded.chargeId;
}

function differsFromRecord(facts: PaymentFacts): Problem | undefined {
  const { recorded, inLedger } = facts;
  if (!recorded || !inLedger || recorded.kind === 'unreadable' || isEndOnItsWay(facts)) return undefined;
  if (recorded.kind === inLedger.status && recorded.chargeId === inLedger.chargeId) return undefined;
  return {
    kind: 'ledger-differs-from-record',
    detail: `recorded as ${nameOf(recorded.kind, recorded.chargeId)}, in the ledger ${nameOf(inLedger.status, inLedger.chargeId)}`,
    advice:
      inLedger.status === 'in-progress'
        ? 'was the database restored from a copy? Keep the record: after its end, a duplicate would be charged as a new payment once GATEWAY_KEY_RETENTION is over'
        : 'the ledger counts: after the end of the record, GET and duplicates are answered from it. If the gateway agrees with it, delete the record in Redis, so that they are from now on',
  };
}

function nameOf(status: InLedger['status'], chargeId: string | undefined): string {
  return chargeId === undefined ? status : `${status} (${chargeId})`;
}

/** Payments that ended before the ledger was switched on are not in it. */
function recordedNotInLedger({ recorded, inLedger }: PaymentFacts, ledgerSince: Date): Problem | undefined {
  if (inLedger || !isAfter(recorded, ledgerSince)) return undefined;
  return {
    kind: 'recorded-not-in-ledger',
    detail: `recorded as ${recorded.kind}, and the ledger does not know the payment`,
    advice:
      'does a process of the service run without DATABASE_URL, or with another one? Was the database restored from a copy?',
  };
}

function isAfter(
  recorded: Recorded | undefined,
  moment: Date,
): recorded is Exclude<Recorded, { readonly kind: 'unreadable' }> {
  return recorded !== undefined && recorded.kind !== 'unreadable' && recorded.processedAt > moment;
}

function withoutCharge({ inLedger, charges }: PaymentFacts, { since }: CheckContext): Problem | undefined {
  if (inLedger?.status !== 'succeeded' || !inLedger.settledAt || inLedger.settledAt < since) return undefined;
  if (charges.some(({ chargeId }) => chargeId === inLedger.chargeId)) return undefined;
  return {
    kind: 'ledger-without-charge',
    detail: `in the ledger as ${inLedger.chargeId}, which the gateway has not charged`,
    advice:
      'does STRIPE_API_KEY belong to another account? Does DATABASE_URL name the database of another environment? Was the payment cancelled at the gateway?',
  };
}

/** With a record, or a dead letter that a replay ends, the payment is not lost: they have findings of their own. */
function chargedNotInLedger(
  facts: PaymentFacts,
  context: CheckContext & { readonly ledgerSince: Date },
): Problem | undefined {
  const { recorded, inLedger, deadLetters } = facts;
  if (recorded || deadLetters.length > 0 || isInProgress(facts, context)) return undefined;
  if (inLedger && inLedger.status !== 'in-progress') return undefined;
  const charged = facts.charges.filter(
    (charge) => isChargedSince(charge, context.since) && isChargedSince(charge, context.ledgerSince),
  );
  if (charged.length === 0) return undefined;
  return {
    kind: 'charged-not-in-ledger',
    detail: `charged as ${idsOf(charged)}, and the ledger ${inLedger ? 'has no outcome' : 'does not know the payment'}`,
    advice:
      'publish the payment again under the same key, within GATEWAY_KEY_RETENTION: it gets the same charge, and the ledger its outcome',
  };
}

/** The gateway gives whole seconds: a charge of the second of that moment counts. */
function isChargedSince({ createdAt }: GatewayCharge, moment: Date): boolean {
  return createdAt.getTime() > moment.getTime() - 1_000;
}
