import type { DeadLetter } from '../dead-letters/dead-letter';
import type { Finding } from 'nestjs-idempotent';
import type { LedgerCharge } from '../../payment/gateway/payment-ledger';

/** The result in a payment's record. */
export type Recorded =
  | { readonly kind: 'succeeded'; readonly chargeId: string; readonly processedAt: Date }
  | { readonly kind: 'declined' }
  | { readonly kind: 'unreadable' };

/** All that Redis, the broker and the gateway know about one idempotency key. */
export interface PaymentFacts {
  readonly idempotencyKey: string;
  readonly recorded: Recorded | undefined;
  /** How many attempts have begun, as far as Redis remembers. */
  readonly attempts: number;
  /** Whether a consumer holds its lease now. */
  readonly isHeld: boolean;
  /** At the gateway. */
  readonly charges: readonly LedgerCharge[];
  /** Only those that end the payment. */
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
