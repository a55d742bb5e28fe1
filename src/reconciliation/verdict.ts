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
  /** What a person should do. */
  readonly advice: string;
}

export interface Verdict {
  readonly state: PaymentState;
  readonly problems: readonly Problem[];
}

/** What does not belong to one payment alone. */
export interface Scene {
  /** Messages in the work queue and the retry queues: payments that will be taken up again. */
  readonly waitingMessages: number;
  /** Charges and records are known from here on. */
  readonly since: Date;
  /** Records of payments charged from here on have not run out yet. */
  readonly recordsSince: Date;
}

/**
 * Holds one payment to the invariants: at most one charge a key (I1); exactly one end, or work in progress (I2); a
 * record of success if and only if the gateway has charged (I4).
 */
export function judge(facts: PaymentFacts, scene: Scene): Verdict {
  const problems = [
    chargedTwice(facts),
    unlikeItsRecord(facts, scene),
    chargedWithoutRecord(facts, scene),
    twoEnds(facts),
    withoutEnd(facts, scene),
  ].filter((problem) => problem !== undefined);
  return { state: problems.length > 0 ? 'broken' : stateOf(facts), problems };
}

function chargedTwice({ charges, recorded }: PaymentFacts): Problem | undefined {
  if (charges.length < 2) return undefined;
  const named =
    recorded?.kind === 'succeeded' ? `the record names ${recorded.chargeId}` : 'no record names one';
  return {
    kind: 'charged-twice',
    detail: `charged ${charges.length} times, as ${idsOf(charges)}; ${named}`,
    advice:
      'refund all but one at the gateway. Then find out why: does the gateway keep keys as long as GATEWAY_KEY_RETENTION says?',
  };
}

function unlikeItsRecord({ recorded, charges }: PaymentFacts, { since }: Scene): Problem | undefined {
  switch (recorded?.kind) {
    case undefined:
      return undefined;
    case 'unreadable':
      return {
        kind: 'unreadable-record',
        detail: 'its record is not what this version writes',
        advice: 'look at it in Redis; do processes of different versions share it?',
      };
    case 'declined':
      if (charges.length === 0) return undefined;
      return {
        kind: 'charged-although-declined',
        detail: `recorded as declined, charged as ${idsOf(charges)}`,
        advice:
          'every duplicate is answered with the refusal: refund the charge, or settle it with the customer',
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

function chargedWithoutRecord(facts: PaymentFacts, scene: Scene): Problem | undefined {
  const { recorded, charges, claims } = facts;
  // The gateway was searched before such a dead letter: what was charged under its key is another payment.
  const deadLetters = facts.deadLetters.filter(({ reason }) => reason !== 'gateway-key-reused');
  // An older charge may have lost its record by age, unless work on its key has begun anew since then.
  const charged = charges.filter(({ createdAt }) => createdAt >= scene.recordsSince || claims > 0);
  if (recorded || charged.length === 0 || isInProgress(facts, scene)) return undefined;
  if (deadLetters.length > 0) {
    return {
      kind: 'charged-and-dead-letter',
      detail: `charged as ${idsOf(charged)}, and a dead letter: ${lettersOf(facts)}`,
      advice:
        'replay the dead letter within GATEWAY_KEY_RETENTION, and the charge is found and recorded; later, drop it',
    };
  }
  return {
    kind: 'charged-without-record',
    detail: `charged as ${idsOf(charged)}, and Redis knows of no end`,
    advice:
      'the customer has paid. Has Redis lost data? Until GATEWAY_KEY_RETENTION a duplicate gets the same charge; let none be sent after that',
  };
}

function twoEnds(facts: PaymentFacts): Problem | undefined {
  if (!facts.recorded || facts.deadLetters.length === 0) return undefined;
  return {
    kind: 'recorded-and-dead-letter',
    detail: `recorded as ${facts.recorded.kind}, and a dead letter: ${lettersOf(facts)}`,
    advice: 'the record counts: drop the dead letter, or replay it, which answers it from the record',
  };
}

function withoutEnd(facts: PaymentFacts, scene: Scene): Problem | undefined {
  const { recorded, claims, deadLetters, charges } = facts;
  const hasTrace = recorded !== undefined || deadLetters.length > 0 || charges.length > 0;
  if (hasTrace || claims === 0 || isInProgress(facts, scene)) return undefined;
  return {
    kind: 'without-end',
    detail: `begun ${claims} times, and there is no record, dead letter or waiting message`,
    advice:
      'if nobody dropped its dead letter, publish it again under the same key: it is charged once. Where its attempts are used up it becomes a dead letter, and a replay gives it new ones',
  };
}

/** While messages wait, any payment that has begun may be one of them: the broker does not show which. */
function isInProgress({ isHeld, claims, deadLetters }: PaymentFacts, scene: Scene): boolean {
  return isHeld || (claims > 0 && deadLetters.length === 0 && scene.waitingMessages > 0);
}

function stateOf({ recorded, deadLetters, isHeld, claims }: PaymentFacts): PaymentState {
  if (recorded?.kind === 'declined') return 'declined';
  if (recorded) return 'succeeded';
  if (isHeld) return 'in-progress';
  if (deadLetters.length > 0) return 'dead-letter';
  // Of what Redis knows nothing the charge is older than records are kept.
  return claims > 0 ? 'in-progress' : 'succeeded';
}

function idsOf(charges: PaymentFacts['charges']): string {
  return charges.map(({ chargeId }) => chargeId).join(', ');
}

function lettersOf({ deadLetters }: PaymentFacts): string {
  return deadLetters.map(({ id, reason }) => `${id} (${reason})`).join(', ');
}
