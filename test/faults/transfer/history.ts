import type { BrokenPromise, ConsumerEnd, Rest } from '../history';
import type { ToldEvent, Transfer } from './transfer';

/** What can be observed of a run from outside. The checker reads nothing else. */
export interface TransferHistory {
  published: readonly PublishedTransfer[];
  /** During the run, in order of time. */
  looks: readonly Look[];
  atRest: BankFacts;
  /** All messages that the broker has got from the outbox. */
  notices: readonly Notice[];
  /** Times in which PostgreSQL lost commits that it had confirmed. */
  losses: readonly Loss[];
  /** What each process printed, one list for each. */
  told: readonly (readonly ToldEvent[])[];
  /** `locks` are keys in progress and transactions that are open. */
  rest: Rest;
  ends: readonly ConsumerEnd[];
}

/** One transfer, however often it was published. */
export interface PublishedTransfer {
  key: string;
  transfer: Transfer;
  /** Whether no account has so much. */
  mustFail: boolean;
  /** Epoch ms of the first confirm; undefined if the broker never confirmed it: it may have arrived or not. */
  confirmedAt: number | undefined;
  /** Confirmed messages. */
  copies: number;
}

/** What one statement, so one snapshot, has seen in PostgreSQL. */
export interface Look {
  /** Epoch ms, when the answer was there. */
  at: number;
  sumCents: number;
  /** Keys in the table of transfers, a double one twice. */
  done: readonly string[];
  /** Keys with an effect and without a record of it, or the other way round. */
  halves: readonly string[];
}

export interface BankFacts extends Look {
  balances: ReadonlyMap<string, number>;
  effects: readonly Effect[];
  records: ReadonlyMap<string, RecordFact>;
  takenLeases: readonly TakenLease[];
}

/** A row of the table of transfers. */
export interface Effect {
  key: string;
  from: string;
  to: string;
  cents: number;
}

/** A message that a transfer sent with its transaction. */
export interface Notice {
  /** Of the transfer. */
  key: string;
  /** Of the message. */
  messageKey: string;
}

export interface RecordFact {
  /** As JSON; `null` for a remembered error. */
  result: string;
  isError: boolean;
}

/** A claim that was written over a claim whose lease was not over. */
export interface TakenLease {
  key: string;
  leftMs: number;
}

/** From the moment in which commits are confirmed before they are on disk, until the crash. Epoch ms. */
export interface Loss {
  from: number;
  until: number;
  /** Keys whose effects were seen before and not after it. */
  keys: readonly string[];
}

export type TransferRule =
  | 'done once'
  | 'nothing lost'
  | 'as published'
  | 'effect and record together'
  | 'a commit stays'
  | 'each message arrives'
  | 'no message without its transfer'
  | 'one key for each message'
  | 'what was told is stored'
  | 'the sum is constant'
  | 'balances add up'
  | 'one owner at a time'
  | 'nothing left over'
  | 'consumers exit cleanly';

export type TransferFinding = BrokenPromise<TransferRule>;
