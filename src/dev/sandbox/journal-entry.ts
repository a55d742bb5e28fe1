import type { FaultKind } from './faults';
import { isRecord } from './json-values';
import type { WaitingStatus } from './test-payment-methods';

/** One line of the journal. The whole state of the sandbox follows from these lines. */
export type JournalEntry = PaymentEntry | FaultEntry | NoteEntry;

/** Facts about the request behind an entry. */
export interface EntryFacts {
  /** ISO 8601. */
  at: string;
  idempotencyKey: string | null;
  parametersHash: string | null;
  paymentIntentId: string | null;
  amount: number | null;
  currency: string | null;
  /** `customer_id` of the metadata. */
  customerId?: string;
  metadata: Record<string, string>;
}

/** A state of a payment that reached the card or the bank. The latest entry of a payment is its state. */
export type PaymentEntry = PendingEntry | OutcomeEntry;

interface PaymentFacts extends EntryFacts {
  paymentIntentId: string;
  amount: number;
  currency: string;
  paymentMethod: string;
  customer?: string;
  description?: string;
  storedStatus: StoredStatus;
}

/** A payment that is not decided yet. It is not a charge. */
export interface PendingEntry extends PaymentFacts {
  type: 'pending';
  status: WaitingStatus;
  /** It ends so long after `at`; `null`: only when the control API ends it. */
  settleAfterMs: number | null;
}

/** The end of a payment: money has moved (`charge`) or will not (`decline`, `cancel`). */
export interface OutcomeEntry extends PaymentFacts {
  type: 'charge' | 'decline' | 'cancel';
  /** `at` of its pending entry; absent if the payment was decided at once. */
  pendingSince?: string;
}

/** A fault that has taken effect. */
export interface FaultEntry extends EntryFacts {
  type: 'fault';
  fault: FaultKind | 'forget-keys';
  storedStatus: StoredStatus;
}

/** A request that changed nothing. */
export interface NoteEntry extends EntryFacts {
  type: 'replay' | 'conflict' | 'mismatch' | 'rejected';
  detail: string;
}

/** The HTTP status kept under the idempotency key and replayed from then on; `null`: nothing is kept. */
type StoredStatus = number | null;

/** An entry whose answer is kept under its idempotency key. */
export type KeptEntry = (PaymentEntry | FaultEntry) & { idempotencyKey: string; storedStatus: number };

export function isPayment(entry: JournalEntry): entry is PaymentEntry {
  switch (entry.type) {
    case 'pending':
    case 'charge':
    case 'decline':
    case 'cancel':
      return true;
    case 'fault':
    case 'replay':
    case 'conflict':
    case 'mismatch':
    case 'rejected':
      return false;
    default:
      return entry satisfies never;
  }
}

export function isKept(entry: JournalEntry): entry is KeptEntry {
  return 'storedStatus' in entry && entry.storedStatus !== null && entry.idempotencyKey !== null;
}

/** Checks only the fields that the state is built from: this program wrote the journal, so the rest is trusted. */
export function isJournalEntry(value: unknown): value is JournalEntry {
  if (!isRecord(value) || typeof value.at !== 'string' || !isRecord(value.metadata)) return false;
  if (value.idempotencyKey !== null && typeof value.idempotencyKey !== 'string') return false;
  switch (value.type) {
    case 'pending':
      return isPaymentLine(value) && typeof value.status === 'string' && isTime(value.settleAfterMs);
    case 'charge':
    case 'decline':
    case 'cancel':
      return isPaymentLine(value);
    case 'fault':
      return typeof value.fault === 'string' && 'storedStatus' in value;
    case 'replay':
    case 'conflict':
    case 'mismatch':
    case 'rejected':
      return true;
    default:
      return false;
  }
}

function isPaymentLine(value: Record<string, unknown>): boolean {
  return typeof value.paymentIntentId === 'string' && 'storedStatus' in value;
}

function isTime(value: unknown): boolean {
  return value === null || typeof value === 'number';
}
