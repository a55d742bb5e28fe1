import type { Outcome } from './payment-methods';

/** A finding of a checker. */
export interface BrokenPromise<Rule extends string = string> {
  rule: Rule;
  /** The key of the operation; undefined when the finding is not about one. */
  key?: string;
  text: string;
}

/** What can be observed of a run from outside. The checker reads nothing else. */
export interface History {
  published: readonly PublishedPayment[];
  hostile: readonly PublishedHostile[];
  journal: readonly JournalFact[];
  /** The stored text of each record in Redis at rest, by idempotency key. */
  records: ReadonlyMap<string, string>;
  /** The number of claims of each key in Redis at rest, by its claim or its record: the fencing token of the last claim. */
  claims: ReadonlyMap<string, number>;
  deadLetters: readonly DeadLetterFact[];
  /** What Redis held for some keys during the run, in order of time. */
  sightings: readonly Sighting[];
  /** When the run flushed Redis; epoch ms. */
  flushes: readonly number[];
  /** What the service keeps in PostgreSQL; undefined in a run without a ledger. */
  ledger: LedgerFacts | undefined;
  /** Events about payments, as a queue of the run got them. */
  events: readonly EventFact[];
  rest: Rest;
  ends: readonly ConsumerEnd[];
}

/** One payment, however often it was published. */
export interface PublishedPayment {
  key: string;
  minorUnits: number;
  currency: string;
  customerId: string;
  /** How it must end at the gateway, if it does. */
  outcome: Outcome;
  comesLater: boolean;
  /** Epoch ms of the first confirm; undefined if the broker never confirmed it: it may have arrived or not. */
  confirmedAt: number | undefined;
  /** Confirmed messages of this payment. */
  copies: number;
  messageIds: readonly string[];
  /** Whether it must not end after too many failed attempts, because no failure was caused by the payment itself. */
  mustSucceed: boolean;
}

/** A message that must not be charged. */
export interface PublishedHostile {
  messageId: string;
  what: string;
  reason: string;
  confirmed: boolean;
  /** The key of a good payment that this message reuses. */
  reusedKey?: string;
}

/** A line of the gateway's journal. */
export interface JournalFact {
  at: number;
  type: string;
  fault?: string;
  /** The message's key from the payment's metadata; undefined if the line is not about a payment. */
  key: string | undefined;
  id: string | undefined;
  amount: number | undefined;
  currency: string | undefined;
  customerId: string | undefined;
  /** When the gateway accepted the payment, if that was before its end; epoch ms. */
  pendingSince?: number;
  /** Whether the line is the outcome of a request to charge. */
  isCall: boolean;
}

export interface DeadLetterFact {
  messageId: string;
  key: string | undefined;
  /** `delivery-limit` where the broker moved it. */
  reason: string;
}

export interface Sighting {
  key: string;
  at: number;
  record: string | undefined;
  claims: number | undefined;
}

/** The service's ledger at rest, and what was seen of it before. */
export interface LedgerFacts {
  rows: readonly LedgerRow[];
  /** The history that the ledger keeps of each payment, oldest first: attempts, statuses and notes. */
  entries: readonly LedgerEntry[];
  /** Statuses during the run, in order of time. */
  sightings: readonly StatusSighting[];
  /** Events that are not published. */
  waitingEvents: number;
}

export interface LedgerRow {
  key: string;
  status: string;
  chargeId: string | undefined;
  minorUnits: number;
  currency: string;
}

export interface LedgerEntry {
  key: string;
  event: string;
}

export interface StatusSighting {
  key: string;
  at: number;
  status: string;
}

export interface EventFact {
  routingKey: string;
  /** The key in the message's header. */
  key: string | undefined;
  chargeId: string | undefined;
  minorUnits: number | undefined;
  currency: string | undefined;
}

export interface Rest {
  /** Ready messages by queue, after all consumers have stopped. */
  messages: Record<string, number>;
  locks: readonly string[];
  /** From the end of the last fault until nothing was left to do; undefined if the run never came to rest. */
  settledAfterMs: number | undefined;
}

/** The exit of a consumer that the run did not kill. */
export interface ConsumerEnd {
  consumer: string;
  how: 'asked' | 'unasked';
  code: number | null;
  signal: string | null;
  lastOutput: string;
}
