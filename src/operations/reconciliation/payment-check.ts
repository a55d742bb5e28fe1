import { isEndOnItsWay, ledgerProblems } from './ledger-check';
import { attemptsOf, isInProgress, outcomeOf, type CheckContext, type PaymentFacts } from './payment-facts';
import { idsOf, type Problem } from './problem';

export const PAYMENT_STATES = [
  'succeeded',
  'declined',
  'failed',
  'processing',
  'dead-letter',
  'in-progress',
  'broken',
] as const;
export type PaymentState = (typeof PAYMENT_STATES)[number];

export interface PaymentCheck {
  readonly state: PaymentState;
  readonly problems: readonly Problem[];
}

/**
 * Checks one payment against the invariants: at most one charge per key (I1); exactly one end, or in progress (I2); a
 * record of success if and only if the gateway has charged (I4); and the ledger says the same.
 */
export function checkPayment(facts: PaymentFacts, context: CheckContext): PaymentCheck {
  const problems = [
    chargedTwice(facts),
    contradictsRecord(facts, context),
    chargedWithoutMoney(facts),
    chargedWithoutRecord(facts, context),
    twoEnds(facts),
    withoutEnd(facts, context),
    ...ledgerProblems(facts, context),
  ].filter((problem) => problem !== undefined);
  return { state: problems.length > 0 ? 'broken' : stateOf(facts), problems };
}

function chargedTwice(facts: PaymentFacts): Problem | undefined {
  const { charges } = facts;
  const outcome = outcomeOf(facts);
  const isOpen = outcome?.kind === 'processing';
  // A charge whose money has not moved belongs to a payment that is processing, or to one that failed since it was listed.
  const counted =
    isOpen || outcome?.kind === 'failed' ? charges.filter((charge) => charge.hasSucceeded) : charges;
  const ids = new Set([...counted.map(({ chargeId }) => chargeId), ...(isOpen ? [outcome.chargeId] : [])]);
  if (ids.size < 2) return undefined;
  const isNamed = outcome?.chargeId !== undefined && ids.has(outcome.chargeId);
  const named = isNamed
    ? `the ${facts.recorded ? 'record' : 'ledger'} names ${outcome.chargeId}`
    : 'no record names any of them';
  return {
    kind: 'charged-twice',
    detail: `charged ${ids.size} times, as ${[...ids].join(', ')}; ${named}`,
    advice:
      'refund all but one at the gateway. Then find out why: does the gateway keep keys as long as GATEWAY_KEY_RETENTION says?',
  };
}

function contradictsRecord(
  { recorded, charges }: PaymentFacts,
  { since }: CheckContext,
): Problem | undefined {
  if (recorded?.kind === 'unreadable') {
    return {
      kind: 'unreadable-record',
      detail: 'its record does not have the form that this version writes',
      advice: 'look at the record in Redis; do processes of different versions use the same Redis?',
    };
  }
  if (recorded?.kind !== 'succeeded' || recorded.processedAt < since) return undefined;
  if (charges.some(({ chargeId }) => chargeId === recorded.chargeId)) return undefined;
  return {
    kind: 'recorded-without-charge',
    detail: `recorded as ${recorded.chargeId}, which the gateway has not charged`,
    advice: 'does STRIPE_API_KEY belong to another account? Was the payment cancelled at the gateway?',
  };
}

function chargedWithoutMoney(facts: PaymentFacts): Problem | undefined {
  const outcome = outcomeOf(facts);
  const source = facts.recorded ? 'recorded as' : 'in the ledger';
  switch (outcome?.kind) {
    case undefined:
    case 'succeeded':
    case 'processing':
      return undefined;
    case 'declined':
      if (facts.charges.length === 0) return undefined;
      return {
        kind: 'charged-although-declined',
        detail: `${source} declined, charged as ${idsOf(facts.charges)}`,
        advice: 'every duplicate is answered as declined: refund the charge, or agree with the customer',
      };
    case 'failed': {
      const charged = facts.charges.filter(({ hasSucceeded }) => hasSucceeded);
      if (charged.length === 0) return undefined;
      return {
        kind: 'charged-although-failed',
        detail: `${source} failed (${outcome.chargeId}), charged as ${idsOf(charged)}`,
        advice:
          'payment.failed was published, and every duplicate is answered as failed: refund the charge, or agree with the customer',
      };
    }
    default:
      return outcome satisfies never;
  }
}

function chargedWithoutRecord(facts: PaymentFacts, context: CheckContext): Problem | undefined {
  const { charges, attempts } = facts;
  // Before such a dead letter the gateway was searched: the charge under its key is another payment.
  const deadLetters = facts.deadLetters.filter(({ reason }) => reason !== 'gateway-key-reused');
  // The record of an older charge may have expired, unless a new attempt on its key has begun since then.
  const charged = charges.filter(({ createdAt }) => createdAt >= context.recordsSince || attempts > 0);
  if (hasOutcome(facts) || charged.length === 0 || isInProgress(facts, context)) return undefined;
  if (deadLetters.length > 0) {
    return {
      kind: 'charged-and-dead-letter',
      detail: `charged as ${idsOf(charged)}, and a dead letter: ${lettersOf(facts)}`,
      advice:
        'replay the dead letter within GATEWAY_KEY_RETENTION: the charge is then found and recorded; after that time, drop it',
    };
  }
  return {
    kind: 'charged-without-record',
    detail: `charged as ${idsOf(charged)}, and Redis has no record`,
    advice:
      'the customer has paid. Has Redis lost data? Until GATEWAY_KEY_RETENTION a duplicate gets the same charge; send no duplicate after that',
  };
}

function twoEnds(facts: PaymentFacts): Problem | undefined {
  const kind = facts.recorded?.kind ?? outcomeOf(facts)?.kind;
  if (kind === undefined || facts.deadLetters.length === 0) return undefined;
  const [known, source] = facts.recorded ? ['recorded as', 'record'] : ['in the ledger', 'ledger'];
  return {
    kind: 'recorded-and-dead-letter',
    detail: `${known} ${kind}, and a dead letter: ${lettersOf(facts)}`,
    advice: `the ${source} counts: drop the dead letter, or replay it: it is then answered from the ${source}`,
  };
}

function withoutEnd(facts: PaymentFacts, context: CheckContext): Problem | undefined {
  const { deadLetters, charges } = facts;
  const attempts = attemptsOf(facts);
  const hasTrace = hasOutcome(facts) || deadLetters.length > 0 || charges.length > 0;
  if (hasTrace || attempts === 0 || isInProgress(facts, context)) return undefined;
  return {
    kind: 'without-end',
    detail: `begun ${attempts} times, without a record, a dead letter or a waiting message`,
    advice:
      'unless its dead letter was dropped, publish it again under the same key: it is charged once. If its attempts are used up it becomes a dead letter, and a replay gives it new attempts',
  };
}

function hasOutcome(facts: PaymentFacts): boolean {
  return facts.recorded !== undefined || outcomeOf(facts) !== undefined;
}

function stateOf(facts: PaymentFacts): PaymentState {
  const outcome = outcomeOf(facts);
  if (isEndOnItsWay(facts)) return 'processing';
  if (outcome) return outcome.kind;
  if (facts.isHeld) return 'in-progress';
  if (facts.deadLetters.length > 0) return 'dead-letter';
  if (attemptsOf(facts) > 0) return 'in-progress';
  // Without an attempt in Redis the charge is older than its record would be.
  return facts.charges.some(({ hasSucceeded }) => hasSucceeded) ? 'succeeded' : 'processing';
}

function lettersOf({ deadLetters }: PaymentFacts): string {
  return deadLetters.map(({ id, reason }) => `${id} (${reason})`).join(', ');
}
