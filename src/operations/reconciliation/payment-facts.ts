import type { DeadLetter } from '../dead-letters/dead-letter';
import type { Finding } from 'nestjs-idempotent';
import type { LedgerPayment } from '../../ledger/ledger-payment';
import type { GatewayCharge } from '../../payment/gateway/gateway-charges';

/** What is known of a payment that the gateway has decided about, or will. */
export type Outcome =
  | { readonly kind: 'succeeded' | 'processing' | 'failed'; readonly chargeId: string }
  | { readonly kind: 'declined'; readonly chargeId: string | undefined };

/** The result in a payment's record. */
export type Recorded = (Outcome & { readonly processedAt: Date }) | { readonly kind: 'unreadable' };

/** A payment's row in the ledger. */
export type InLedger = Pick<LedgerPayment, 'status' | 'chargeId' | 'attempts' | 'settledAt'>;

/** All that Redis, the broker, the gateway and the ledger know about one idempotency key. */
export interface PaymentFacts {
  readonly idempotencyKey: string;
  readonly recorded: Recorded | undefined;
  /** How many attempts have begun, as far as Redis remembers. */
  readonly attempts: number;
  /** Whether a consumer holds its lease now. */
  readonly isHeld: boolean;
  /** At the gateway. */
  readonly charges: readonly GatewayCharge[];
  /** Only those that end the payment. */
  readonly deadLetters: readonly DeadLetter[];
  /** Undefined if the ledger does not know the payment, or there is no ledger. */
  readonly inLedger: InLedger | undefined;
}

/** Facts that are not about one payment. */
export interface CheckContext {
  /** Messages in the work queue and the retry queues: payments that will be processed again. */
  readonly waitingMessages: number;
  /** The beginning of the period. */
  readonly since: Date;
  /** Records of payments charged from here on have not expired yet. */
  readonly recordsSince: Date;
  /** When the ledger was switched on; undefined without a ledger. */
  readonly ledgerSince: Date | undefined;
}

/** Undefined when there is no record. */
export function recordedIn({ record }: Finding): Recorded | undefined {
  if (!record) return undefined;
  const outcome = outcomeIn(fieldsOf(record.result));
  const processedAt = new Date(record.processedAt);
  return outcome && !Number.isNaN(processedAt.getTime())
    ? { ...outcome, processedAt }
    : { kind: 'unreadable' };
}

/** The outcome that counts: that in the record, or, without a record, that in the ledger. */
export function outcomeOf({ recorded, inLedger }: PaymentFacts): Outcome | undefined {
  if (recorded) return recorded.kind === 'unreadable' ? undefined : recorded;
  return inLedger && outcomeIn(inLedger);
}

/** How many attempts have begun without an outcome, as far as Redis or the ledger remembers. */
export function attemptsOf({ attempts, inLedger }: PaymentFacts): number {
  return inLedger?.status === 'in-progress' ? Math.max(attempts, inLedger.attempts) : attempts;
}

/** While messages wait, any payment that has begun may be among them: the broker does not say which. */
export function isInProgress(facts: PaymentFacts, { waitingMessages }: CheckContext): boolean {
  if (facts.isHeld) return true;
  return attemptsOf(facts) > 0 && facts.deadLetters.length === 0 && waitingMessages > 0;
}

function outcomeIn({ status, chargeId }: { status?: unknown; chargeId?: unknown }): Outcome | undefined {
  const id = typeof chargeId === 'string' ? chargeId : undefined;
  if (status === 'declined') return { kind: status, chargeId: id };
  if (id === undefined) return undefined;
  return status === 'succeeded' || status === 'processing' || status === 'failed'
    ? { kind: status, chargeId: id }
    : undefined;
}

function fieldsOf(result: unknown): { status?: unknown; chargeId?: unknown } {
  return typeof result === 'object' && result !== null ? result : {};
}
