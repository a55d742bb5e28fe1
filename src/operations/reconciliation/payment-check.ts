import type { PaymentFacts } from './payment-facts';

export const PAYMENT_STATES = ['succeeded', 'declined', 'dead-letter', 'in-progress', 'broken'] as const;
export type PaymentState = (typeof PAYMENT_STATES)[number];

/** What is wrong with a payment. */
export interface Problem {
  readonly kind:
    | 'charged-twice'
    | 'charged-without-record'
    | 'charged-and-dead-letter'
    | 'charged-although-declined'
    | 'recorded-without-charge'
    | 'recorded-and-dead-letter'
    | 'unreadable-record'
    | 'without-end';
  readonly detail: string;
  /** What the operator should do. */
  readonly advice: string;
}

export interface PaymentCheck {
  readonly state: PaymentState;
  readonly problems: readonly Problem[];
}

/** Facts that are not about one payment. */
export interface CheckContext {
  /** Messages in the work queue and the retry queues: payments that will be processed again. */
  readonly waitingMessages: number;
  /** The beginning of the period. */
  readonly since: Date;
  /** Records of payments charged from here on have not expired yet. */
  readonly recordsSince: Date;
}

/**
 * Checks one payment against the invariants: at most one charge per key (I1); exactly one end, or in progress (I2); a
 * record of success if and only if the gateway has charged (I4).
 */
export function checkPayment(facts: PaymentFacts, context: CheckContext): PaymentCheck {
  const problems = [
    chargedTwice(facts),
    contradictsRecord(facts, context),
    chargedWithoutRecord(facts, context),
    twoEnds(facts),
    withoutEnd(facts, context),
  ].filter((problem) => problem !== undefined);
  return { state: problems.length > 0 ? 'broken' : stateOf(facts), problems };
}

function chargedTwice({ charges, recorded }: PaymentFacts): Problem | undefined {
  if (charges.length < 2) return undefined;
  const named =
    recorded?.kind === 'succeeded' ? `the record names ${recorded.chargeId}` : 'no record names any of them';
  return {
    kind: 'charged-twice',
    detail: `charged ${charges.length} times, as ${idsOf(charges)}; ${named}`,
    advice:
      'refund all but one at the gateway. Then find out why: does the gateway keep keys as long as GATEWAY_KEY_RETENTION says?',
  };
}

function contradictsRecord(
  { recorded, charges }: PaymentFacts,
  { since }: CheckContext,
): Problem | undefined {
  switch (recorded?.kind) {
    case undefined:
      return undefined;
    case 'unreadable':
      return {
        kind: 'unreadable-record',
        detail: 'its record does not have the form that this version writes',
        advice: 'look at the record in Redis; do processes of different versions use the same Redis?',
      };
    case 'declined':
      if (charges.length === 0) return undefined;
      return {
        kind: 'charged-although-declined',
        detail: `recorded as declined, charged as ${idsOf(charges)}`,
        advice: 'every duplicate is answered as declined: refund the charge, or agree with the customer',
      };
    case 'succeeded': {
      const isKnown = charges.some(({ chargeId }) => chargeId === recorded.chargeId);
      if (isKnown || recorded.processedAt < since) return undefined;
      return {
        kind: 'recorded-without-charge',
        detail: `recorded as ${recorded.chargeId}, which the gateway has not charged`,
        advice: 'does STRIPE_API_KEY belong to another account? Was the payment cancelled at the gateway?',
      };
    }
    default:
      return recorded satisfies never;
  }
}

function chargedWithoutRecord(facts: PaymentFacts, context: CheckContext): Problem | undefined {
  const { recorded, charges, attempts } = facts;
  // Before such a dead letter the gateway was searched: the charge under its key is another payment.
  const deadLetters = facts.deadLetters.filter(({ reason }) => reason !== 'gateway-key-reused');
  // The record of an older charge may have expired, unless a new attempt on its key has begun since then.
  const charged = charges.filter(({ createdAt }) => createdAt >= context.recordsSince || attempts > 0);
  if (recorded || charged.length === 0 || isInProgress(facts, context)) return undefined;
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
  if (!facts.recorded || facts.deadLetters.length === 0) return undefined;
  return {
    kind: 'recorded-and-dead-letter',
    detail: `recorded as ${facts.recorded.kind}, and a dead letter: ${lettersOf(facts)}`,
    advice: 'the record counts: drop the dead letter, or replay it: it is then answered from the record',
  };
}

function withoutEnd(facts: PaymentFacts, context: CheckContext): Problem | undefined {
  const { recorded, attempts, deadLetters, charges } = facts;
  const hasTrace = recorded !== undefined || deadLetters.length > 0 || charges.length > 0;
  if (hasTrace || attempts === 0 || isInProgress(facts, context)) return undefined;
  return {
    kind: 'without-end',
    detail: `begun ${attempts} times, without a record, a dead letter or a waiting message`,
    advice:
      'unless its dead letter was dropped, publish it again under the same key: it is charged once. If its attempts are used up it becomes a dead letter, and a replay gives it new attempts',
  };
}

/** While messages wait, any payment that has begun may be among them: the broker does not say which. */
function isInProgress({ isHeld, attempts, deadLetters }: PaymentFacts, context: CheckContext): boolean {
  return isHeld || (attempts > 0 && deadLetters.length === 0 && context.waitingMessages > 0);
}

function stateOf({ recorded, deadLetters, isHeld, attempts }: PaymentFacts): PaymentState {
  if (recorded?.kind === 'declined') return 'declined';
  if (recorded) return 'succeeded';
  if (isHeld) return 'in-progress';
  if (deadLetters.length > 0) return 'dead-letter';
  // Without an attempt in Redis the charge is older than its record would be.
  return attempts > 0 ? 'in-progress' : 'succeeded';
}

function idsOf(charges: PaymentFacts['charges']): string {
  return charges.map(({ chargeId }) => chargeId).join(', ');
}

function lettersOf({ deadLetters }: PaymentFacts): string {
  return deadLetters.map(({ id, reason }) => `${id} (${reason})`).join(', ');
}
