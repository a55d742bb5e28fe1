import type { FaultKind } from './faults';
import { isRecord } from './json-values';

/** One line of the journal. The whole state of the sandbox follows from these lines. */
export type JournalEntry = OutcomeEntry | FaultEntry | NoteEntry;

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

/** A payment that reached the card: charged (`charge`) or declined (`decline`). */
export interface OutcomeEntry extends EntryFacts {
  type: 'charge' | 'decline';
  paymentIntentId: string;
  amount: number;
  currency: string;
  paymentMethod: string;
  customer?: string;
  description?: string;
  storedStatus: StoredStatus;
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
export type KeptEntry = (OutcomeEntry | FaultEntry) & { idempotencyKey: string; storedStatus: number };

export function isOutcome(entry: JournalEntry): entry is OutcomeEntry {
  return entry.type === 'charge' || entry.type === 'decline';
}

export function isKept(entry: JournalEntry): entry is KeptEntry {
  return 'storedStatus' in entry && entry.storedStatus !== null && entry.idempotencyKey !== null;
}

/** Checks only the fields that the state is built from: this program wrote the journal, so the rest is trusted. */
export function isJournalEntry(value: unknown): value is JournalEntry {
  if (!isRecord(value) || typeof value.at !== 'string' || !isRecord(value.metadata)) return false;
  if (value.idempotencyKey !== null && typeof value.idempotencyKey !== 'string') return false;
  switch (value.type) {
    case 'charge':
    case 'decline':
      return typeof value.paymentIntentId === 'string' && 'storedStatus' in value;
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
