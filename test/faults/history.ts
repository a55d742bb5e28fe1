/** What an outsider can know of a run. The checker reads nothing else. */
export interface History {
  published: readonly PublishedPayment[];
  hostile: readonly PublishedHostile[];
  journal: readonly JournalFact[];
  /** Records in Redis at rest, as they are stored, by idempotency key. */
  records: ReadonlyMap<string, string>;
  /** Claims of each key that Redis counted, at rest; the last one's number is its fencing token. */
  claims: ReadonlyMap<string, number>;
  deadLetters: readonly DeadLetterFact[];
  /** What Redis held of some keys while the run was going on, in the order of its time. */
  sightings: readonly Sighting[];
  /** When somebody made Redis forget everything; epoch ms. */
  flushes: readonly number[];
  rest: Rest;
  ends: readonly ConsumerEnd[];
}

/** One payment, however often it was published. */
export interface PublishedPayment {
  key: string;
  minorUnits: number;
  currency: string;
  customerId: string;
  declined: boolean;
  /** Epoch ms of the first confirm; undefined when the broker never confirmed it, and it may be there or not. */
  confirmedAt: number | undefined;
  /** Messages of it that were confirmed. */
  copies: number;
  messageIds: readonly string[];
  /** Whether it may not end for too many failed attempts: what troubled it was never the payment's own. */
  mustSucceed: boolean;
}

/** A message that must not be charged. */
export interface PublishedHostile {
  messageId: string;
  what: string;
  reason: string;
  confirmed: boolean;
  /** The key of a good payment that it tries to use again. */
  reusedKey?: string;
}

/** A line of the gateway's journal. */
export interface JournalFact {
  at: number;
  type: string;
  fault?: string;
  /** The key of the message, as the payment's metadata has it; undefined for what is about no payment. */
  key: string | undefined;
  id: string | undefined;
  amount: number | undefined;
  currency: string | undefined;
  customerId: string | undefined;
  /** Whether the line is the end of a request to charge. */
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

export interface Rest {
  /** Ready messages by queue, when no consumer was left. */
  messages: Record<string, number>;
  locks: readonly string[];
  /** From the end of the last fault until nothing was left to do; undefined: it never came to rest. */
  settledAfterMs: number | undefined;
}

/** How a consumer ended that was not killed by the run. */
export interface ConsumerEnd {
  consumer: string;
  how: 'asked' | 'by itself';
  code: number | null;
  signal: string | null;
  lastWords: string;
}
