import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { EVENTS_NAMING, FIND_MARK, FORGET, HOLD, LOCK, MARK, NEXT } from './forget-statements';
import { LedgerDatabase } from './ledger-database';
import { ledgerErrorFrom } from './ledger-errors';
import { sumsOf, type PaymentSum, type SummedRow } from './payment-sums';

/** So few that payments in progress do not wait for their rows. */
const BATCH = 500;

/** What was changed: the same sums before and after. */
export interface ForgottenPayments {
  readonly before: readonly PaymentSum[];
  readonly after: readonly PaymentSum[];
}

/**
 * Replaces a customer in the ledger, in batches. Each method rejects with a LedgerUnavailableError if the database did not
 * answer, and with a LedgerRefusedError if it refuses the values. No error names the customer.
 */
@Injectable()
export class ForgetCustomer {
  constructor(private readonly database: LedgerDatabase) {}

  /** The pseudonym for all payments of the customer; undefined if there are none. */
  pseudonymFor(customerId: string): Promise<string | undefined> {
    return this.step('choose a pseudonym', () =>
      this.database.transaction(async (transaction) => {
        await transaction.query(LOCK, [customerId]);
        const { rows: marks } = await transaction.query<{ pseudonym: string }>(FIND_MARK, [customerId]);
        if (marks[0]) return marks[0].pseudonym;
        const pseudonym = `forgotten-${randomUUID()}`;
        const { rows } = await transaction.query(`${MARK} RETURNING key`, [customerId, pseudonym]);
        return rows.length > 0 ? pseudonym : undefined;
      }),
    );
  }

  /** The keys of the next batch; none at the end. */
  nextKeys(customerId: string): Promise<string[]> {
    return this.step('read payments', async () => {
      const rows = await this.database.rowsOf<{ key: string }>(NEXT, [customerId, BATCH]);
      return rows.map(({ key }) => key);
    });
  }

  /**
   * Replaces the customer of these payments. Rejects, and changes nothing, if the sums would not be the same afterwards.
   */
  replace(
    customerId: string,
    { keys, pseudonym }: { readonly keys: readonly string[]; readonly pseudonym: string },
  ): Promise<ForgottenPayments> {
    return this.step('replace the customer', () =>
      this.database.transaction(async (transaction) => {
        const held = await transaction.query<SummedRow>(HOLD, [customerId, keys]);
        const forgotten = await transaction.query<SummedRow>(FORGET, [customerId, keys, pseudonym]);
        const [before, after] = [sumsOf(held.rows), sumsOf(forgotten.rows)];
        if (!isDeepStrictEqual(before, after)) throw new Error('the sums would differ; nothing was changed');
        return { before, after };
      }),
    );
  }

  /** How many events that name the customer wait to be published. */
  waitingEvents(customerId: string): Promise<number> {
    return this.step('count events', async () => {
      const field = JSON.stringify({ customerId }).slice(1, -1);
      const [row] = await this.database.rowsOf<{ count: string }>(EVENTS_NAMING, [field]);
      return Number(row?.count ?? 0);
    });
  }

  private async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw ledgerErrorFrom(name, error);
    }
  }
}
