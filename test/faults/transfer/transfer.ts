import { isJsonObject } from '../../support/json';

export const transferQueue = 'transfers';
/** Where each transfer sends a message with its transaction. */
export const noticeQueue = 'notices';
/** The name under which the management API shows the connections of consumers. */
export const consumerConnection = 'transfer-consumer';
export const scope = 'transfer';
export const keyHeader = 'idempotency-key';
export const leaseMs = 2_000;

/** Few, so that transfers wait for each other and meet in deadlocks. */
export const accountNames = ['ada', 'ben', 'cleo', 'dan', 'eve'] as const;
/** So much that no transfer fails by chance. */
export const openingCents = 10_000_000;
export const totalCents = openingCents * accountNames.length;

export interface Transfer {
  from: string;
  to: string;
  cents: number;
  /** How long the work takes, in addition. */
  workMs: number;
}

/** What the handler returns, and the record keeps. */
export interface Balances {
  from: number;
  to: number;
}

/** A line that a consumer prints about a key. */
export interface ToldEvent {
  at: number;
  event: string;
  key: string;
  /** The result of a transfer; undefined for a remembered error. */
  result?: unknown;
}

export function isToldEvent(line: unknown): line is ToldEvent {
  return (
    isJsonObject(line) &&
    typeof line.at === 'number' &&
    typeof line.event === 'string' &&
    typeof line.key === 'string'
  );
}
