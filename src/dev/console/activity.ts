/** Types that server and page share: what processes report to consoles, and what a console sends to its page. */

/**
 * `published` and `duplicates` count messages, the others the outcomes of messages. A payment that is processing at the
 * gateway is not counted before it ends.
 */
export interface Counts {
  readonly published: number;
  readonly charged: number;
  /** Declined, or failed later. */
  readonly declined: number;
  readonly duplicates: number;
  readonly delayed: number;
  readonly dead: number;
}

/** A payment as it was published, without personal data. */
export interface PublishedFields {
  readonly paymentId: string;
  readonly amount: number;
  readonly customerId: string;
  readonly currency?: string;
  readonly paymentMethodId?: string;
}

/** The result in a payment's record. */
export interface ResultFacts {
  readonly status: string;
  readonly paymentId?: string;
  /** In major units, with all decimals of the currency. */
  readonly amount?: string;
  readonly currency?: string;
  readonly chargeId?: string;
  readonly declineCode?: string;
}

/** One event of one payment. */
export type Happening = {
  /** Idempotency key; empty if the message had no valid one. */
  readonly key: string;
  /** Milliseconds since 1970, by the clock of the process. */
  readonly at: number;
} & (
  | { readonly kind: 'published'; readonly payment: PublishedFields; readonly copies: number }
  | {
      readonly kind: 'started';
      readonly attempt: number;
      readonly fencingToken: number;
      readonly leaseMs: number;
    }
  | { readonly kind: 'lease-renewed'; readonly leaseMs: number }
  | { readonly kind: 'lease-lost' }
  /** The attempt ended without a result; the disposition of the message follows. */
  | { readonly kind: 'released' }
  | { readonly kind: 'finished'; readonly result: ResultFacts }
  /** The outcome of a payment that was processing at the gateway. */
  | { readonly kind: 'ended'; readonly result: ResultFacts }
  | {
      readonly kind: 'duplicate';
      readonly from: 'store' | 'running-call' | 'memory';
      readonly result: ResultFacts;
    }
  | { readonly kind: 'delayed'; readonly delayMs: number; readonly attempts: number; readonly why: string }
  | { readonly kind: 'dead'; readonly reason: string; readonly detail: string; readonly attempts: number }
);

/** What one process did since its last report. Sent every two seconds even when nothing happened. */
export interface Report {
  /** Host and process id. */
  readonly process: string;
  /** Milliseconds since 1970. The console replaces it by its own time, so no process can move the clock of a page. */
  readonly at: number;
  /** Keys that the process holds the lease of. */
  readonly inProgress: number;
  readonly counts: Counts;
  readonly happenings: readonly Happening[];
  /** How many more there were; `counts` includes them. */
  readonly omitted: number;
}

/** What a page gets first. */
export interface Snapshot {
  /** Since the console's own process started. */
  readonly totals: Counts;
  readonly reports: readonly Report[];
}

/** Messages ready in the broker's queues. */
export interface QueueDepths {
  readonly ready: number;
  /** In all retry queues of charges together. */
  readonly waiting: number;
  readonly dead: number;
}

/** What the page receives. */
export type LiveEvent =
  | { readonly type: 'snapshot'; readonly data: Snapshot }
  | { readonly type: 'report'; readonly data: { readonly report: Report; readonly totals: Counts } }
  /** Null while the broker does not answer. */
  | { readonly type: 'queues'; readonly data: { readonly depths: QueueDepths | null } }
  | { readonly type: 'heartbeat'; readonly data: Record<string, never> };

/** Ways in which the sandbox can treat charges. */
export type GatewayMode = 'normal' | 'slow' | 'failing' | 'declining' | 'losing-answers';

export type GatewayState =
  /** `custom`: faults were set through another client. */
  | { readonly kind: 'sandbox'; readonly mode: GatewayMode | 'custom' }
  | { readonly kind: 'not-a-sandbox'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string };

export const NO_COUNTS: Counts = {
  published: 0,
  charged: 0,
  declined: 0,
  duplicates: 0,
  delayed: 0,
  dead: 0,
};
