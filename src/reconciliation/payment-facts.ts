import type { DeadLetter } from '../dead-letters/dead-letter';
import type { Finding } from '../idempotency';
import type { LedgerCharge } from '../payment/gateway/payment-ledger';

/** What a payment's record says of it. */
export type Recorded =
  | { readonly kind: 'succeeded'; readonly chargeId: string; readonly processedAt: Date }
  | { readonly kind: 'declined' }
  | { readonly kind: 'unreadable' };

/** All that is known of one idempotency key, from everywhere. */
export interface PaymentFacts {
  readonly idempotencyKey: string;
  readonly recorded: Recorded | undefined;
  /** How often work on it has begun, as far as Redis remembers. */
  readonly claims: number;
  /** A consumer holds its lease now. */
  readonly isHeld: boolean;
  /** At the gateway. */
  readonly charges: readonly LedgerCharge[];
  /** Those that are an end of the payment itself. */
  readonly deadLetters: readonly DeadLetter[];
}

/** Undefined when there is no record. */
export function recordedIn({ record }: Finding): Recorded | undefined {
  if (!record) return undefined;
  const { status, chargeId } = fieldsOf(record.result);
  const processedAt = new Date(record.processedAt);
  if (status === 'declined') return { kind: 'declined' };
  return status === 'succeeded' && typeof chargeId === 'string' && !Number.isNaN(processedAt.getTime())
    ? { kind: 'succeeded', chargeId, processedAt }
    : { kind: 'unreadable' };
}

function fieldsOf(result: unknown): { status?: unknown; chargeId?: unknown } {
  return typeof result === 'object' && result !== null ? result : {};
}
