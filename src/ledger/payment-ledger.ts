import { Injectable } from '@nestjs/common';
import type { NewMessage } from 'nestjs-idempotent';
import { Environment } from '../config/environment';
import { Gathered } from './gathered';
import { LedgerDatabase } from './ledger-database';
import { ledgerErrorFrom } from './ledger-errors';
import {
  paymentFrom,
  type LedgerEnd,
  type LedgerPayment,
  type NewPayment,
  type PaymentRow,
} from './ledger-payment';
import { BEGIN, END, FIND, NOTE, OPEN, TAKE_DUE } from './ledger-statements';

/** The outcome of a payment. `event` is published if and only if this is stored. */
export type PaymentOutcome = {
  readonly idempotencyKey: string;
  readonly chargeId?: string | undefined;
  readonly declineCode?: string | undefined;
  /** The payment's, as it was read: stored only if nothing has changed since. */
  readonly version?: string | undefined;
} & (
  | { readonly status: 'processing'; readonly event?: undefined }
  | { readonly status: LedgerEnd; readonly event: NewMessage }
);

/** A line for the history of a payment. */
export interface Note {
  readonly idempotencyKey: string;
  readonly event: string;
  readonly detail: string;
}

/** A payment whose outcome comes later. */
export interface OpenPayment {
  readonly idempotencyKey: string;
  readonly chargeId: string;
}

/**
 * The payments, in PostgreSQL: what came of each, for as long as the business needs it. Calls that come within
 * milliseconds share a statement.
 *
 * Every method rejects with a LedgerUnavailableError if the database did not answer (the step may have been taken or not), and
 * with a LedgerRefusedError if it refuses the values.
 */
@Injectable()
export class PaymentLedger {
  private readonly begins: Gathered<NewPayment, LedgerPayment>;
  private readonly outcomes: Gathered<PaymentOutcome, boolean>;
  private readonly notes: Gathered<Note, true>;

  constructor(
    private readonly database: LedgerDatabase,
    private readonly environment: Environment,
  ) {
    this.begins = new Gathered((payments) => this.sendBegins(payments));
    this.outcomes = new Gathered((outcomes) => this.sendOutcomes(outcomes));
    this.notes = new Gathered((notes) => this.sendNotes(notes));
  }

  /**
   * Begins an attempt, unless the payment has ended or is processing at the gateway. Returns what the ledger has: another
   * fingerprint means that another payment has the key, and nothing was changed.
   */
  begin(payment: NewPayment): Promise<LedgerPayment> {
    return this.step('begin', () => this.begins.run(payment));
  }

  /**
   * Stores the outcome of a payment and its event, in one transaction. False if it had ended before, is not known, or has another
   * version.
   */
  end(outcome: PaymentOutcome): Promise<boolean> {
    return this.step('end', () => this.outcomes.run(outcome));
  }

  /** Adds to the history of a payment that the ledger knows. */
  async note(note: Note): Promise<void> {
    await this.step('note', () => this.notes.run(note));
  }

  find(idempotencyKey: string): Promise<LedgerPayment | undefined> {
    return this.step('find', async () => {
      const [row] = await this.database.rowsOf<PaymentRow>(FIND, [idempotencyKey]);
      return row && paymentFrom(row);
    });
  }

  /** Payments whose outcome should be asked for now. Of several processes, one gets each of them. */
  takeDue(atMost: number): Promise<OpenPayment[]> {
    return this.step('takeDue', async () => {
      const { followUpAfterMs } = this.environment;
      const rows = await this.database.rowsOf<{ key: string; charge_id: string }>(TAKE_DUE, [
        atMost,
        followUpAfterMs,
      ]);
      return rows.map(({ key, charge_id: chargeId }) => ({ idempotencyKey: key, chargeId }));
    });
  }

  /** How many payments have no outcome yet, and the age of the oldest. */
  open(): Promise<{ readonly count: number; readonly oldestSeconds: number }> {
    return this.step('open', async () => {
      const [row] = await this.database.rowsOf<{ count: string; oldest_seconds: string }>(OPEN);
      return { count: Number(row?.count ?? 0), oldestSeconds: Number(row?.oldest_seconds ?? 0) };
    });
  }

  /** Resolves if the ledger can be written. */
  async probe(): Promise<void> {
    await this.step('probe', () => this.database.rowsOf(NOTE, ['[]']));
  }

  private async sendBegins(payments: readonly NewPayment[]): Promise<readonly LedgerPayment[]> {
    const rows = await this.database.preparedRowsOf<PaymentRow>('begin', BEGIN, [
      payments.map(({ idempotencyKey }) => idempotencyKey),
      payments.map(({ paymentId }) => paymentId),
      payments.map(({ customerId }) => customerId),
      payments.map(({ amountMinorUnits }) => amountMinorUnits),
      payments.map(({ currency }) => currency),
      payments.map(({ fingerprint }) => fingerprint),
    ]);
    const byKey = new Map(rows.map((row) => [row.key, paymentFrom(row)]));
    return payments.map(({ idempotencyKey }) => {
      const payment = byKey.get(idempotencyKey);
      if (payment) return payment;
      throw new Error('the ledger returned no row for a payment');
    });
  }

  private async sendOutcomes(outcomes: readonly PaymentOutcome[]): Promise<readonly boolean[]> {
    // Of two for one payment, such as from a webhook and a look, one is stored.
    const firsts = new Map(outcomes.toReversed().map((outcome) => [outcome.idempotencyKey, outcome]));
    const { followUpAfterMs } = this.environment;
    const rows = await this.database.preparedRowsOf<{ key: string }>('end', END, [
      followUpAfterMs,
      ...columnsOf([...firsts.values()]),
    ]);
    const changed = new Set(rows.map(({ key }) => firsts.get(key)));
    return outcomes.map((outcome) => changed.has(outcome));
  }

  private async sendNotes(notes: readonly Note[]): Promise<readonly true[]> {
    await this.database.rowsOf(NOTE, [JSON.stringify(notes)]);
    return notes.map(() => true);
  }

  private async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw ledgerErrorFrom(name, error);
    }
  }
}

function columnsOf(outcomes: readonly PaymentOutcome[]): (string | undefined)[][] {
  return [
    outcomes.map(({ idempotencyKey }) => idempotencyKey),
    outcomes.map(({ status }) => status),
    outcomes.map(({ chargeId }) => chargeId),
    outcomes.map(({ declineCode }) => declineCode),
    outcomes.map(({ event }) => event?.exchange),
    outcomes.map(({ event }) => event?.scope),
    outcomes.map(({ event }) => event?.routingKey),
    outcomes.map(({ event }) => event?.content),
    outcomes.map(({ event }) => event?.headers),
    outcomes.map(({ event }) => event?.idempotencyKey),
    outcomes.map(({ version }) => version),
  ];
}
