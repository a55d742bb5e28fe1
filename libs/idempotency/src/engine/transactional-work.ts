import { setTimeout as sleep } from 'node:timers/promises';
import { isSame } from './completions';
import { StoreUnavailableError } from './failure';
import type { IdempotencyEvents } from './idempotency.events';
import type { Lease } from './lease';
import { RunContext } from './run-context';
import type { RunRequest, Serialize, Work } from './run-request';
import type { Transaction, Transactions } from './transactions';
import { recordOfResult, type WrittenRecord } from './work-record';
import type { Outbox } from '../outbox/outbox';
import { RunMessages } from '../outbox/run-messages';
import type { Claim, CompleteRequest, LeaseOwner, TransactionalStore } from '../stores/idempotency-store';

/** How often work is run, at most, that the database refuses because of other transactions. */
const MOST_TRIES = 5;
/** The longest wait before the second try; it doubles with each. A part of it by chance, so that two do not meet again. */
const FIRST_WAIT_MS = 20;

/** A claimed run whose work has a transaction. */
interface TransactionalRun<T> {
  readonly request: RunRequest;
  readonly claim: Claim;
  readonly origin: string | undefined;
  readonly work: Work<T>;
  readonly serialize: Serialize<T> | undefined;
  readonly completion: (written: WrittenRecord) => CompleteRequest;
}

/** How a transaction ended. */
export type TransactionEnd<T> =
  | { readonly kind: 'committed'; readonly result: T; readonly written: WrittenRecord }
  /** The database did not confirm the end: it is committed or rolled back. */
  | { readonly kind: 'unknown'; readonly result: T; readonly written: WrittenRecord; readonly error: unknown }
  /** Not opened, so the work was not started. */
  | { readonly kind: 'not-opened'; readonly error: StoreUnavailableError }
  /** Rolled back, like the next two: the lease is not ours any more. */
  | { readonly kind: 'lost'; readonly written: WrittenRecord }
  | { readonly kind: 'not-final'; readonly result: T }
  | { readonly kind: 'fault'; readonly fault: unknown };

/** Runs work and stores its record in one transaction. */
export class TransactionalWork {
  constructor(
    private readonly store: TransactionalStore,
    private readonly transactions: Transactions,
    private readonly events: IdempotencyEvents,
    private readonly outbox: Outbox | undefined,
  ) {}

  /** @throws what the work throws, and errors of the database that prove that nothing was committed */
  async run<T>(run: TransactionalRun<T>, lease: Lease): Promise<TransactionEnd<T>> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.runOnce(run, lease);
      } catch (error) {
        if (tries === MOST_TRIES || !this.store.isRepeatable(error)) throw error;
        this.events.emit(run.request, { kind: 'transaction-repeated', error });
      }
      await sleep(Math.random() * FIRST_WAIT_MS * 2 ** tries);
      lease.assertHeld();
    }
  }

  private async runOnce<T>(run: TransactionalRun<T>, lease: Lease): Promise<TransactionEnd<T>> {
    const progress: { isOpen: boolean; end?: TransactionEnd<T>; messages?: RunMessages } = { isOpen: false };
    try {
      const committed = await this.transactions.run(async (transaction) => {
        // A process that is frozen, or cut off, must not hold the locks of its work for longer than its lease.
        await this.store.limitIdleTime(transaction, lease.leaseMs);
        progress.isOpen = true;
        if (this.outbox) progress.messages = new RunMessages(this.outbox, transaction, run.request);
        const end = (progress.end = await this.workIn(transaction, run, lease, progress.messages));
        if (end.kind !== 'committed') throw new Error('rolls the transaction back');
        return end;
      });
      if (!this.transactions.confirmsCommit) await this.assertStored(lease.owner, committed.written);
      progress.messages?.committed();
      return committed;
    } catch (error) {
      const { end, isOpen } = progress;
      if (!isOpen) return { kind: 'not-opened', error: new StoreUnavailableError('begin', error) };
      if (end?.kind !== 'committed') {
        if (end) return end;
        throw error;
      }
      if (this.store.isRepeatable(error)) throw error;
      return { ...end, kind: 'unknown', error };
    }
  }

  private async assertStored(owner: LeaseOwner, { text }: WrittenRecord): Promise<void> {
    const { record } = await this.store.find(owner);
    if (!isSame(record, text))
      throw new Error('the server rolled the transaction back: a statement in it has failed');
  }

  private async workIn<T>(
    transaction: Transaction,
    run: TransactionalRun<T>,
    lease: Lease,
    messages: RunMessages | undefined,
  ): Promise<TransactionEnd<T>> {
    const { request, claim, work, serialize } = run;
    const { store, events } = this;
    const { open, close } = closable(transaction);
    const context = new RunContext(request, claim, { lease, store, events }, open, messages);
    let result: T;
    try {
      result = await work(context);
    } finally {
      close();
      messages?.end();
    }
    const end = recordOfResult(run, result, serialize);
    switch (end.kind) {
      case 'record': {
        // The time of the work may be over; the lease is also checked by the database.
        lease.assertHeld();
        const reply = await this.store.completeIn(transaction, run.completion(end));
        return { kind: reply === 'stored' ? 'committed' : 'lost', result, written: end };
      }
      case 'fault':
        return end;
      case 'not-final':
        return { kind: end.kind, result };
      default:
        return end satisfies never;
    }
  }
}

/** Lets no statement through after the work: the connection may be in another transaction by then. */
function closable(transaction: Transaction): { readonly open: Transaction; readonly close: () => void } {
  let isClosed = false;
  const open: Transaction = {
    native: transaction.native,
    query: async (text, values) => {
      if (isClosed) throw new Error('the work of this transaction has ended: await each of its statements');
      return transaction.query(text, values);
    },
  };
  return { open, close: () => void (isClosed = true) };
}
