import type { Transaction, Transactions } from 'nestjs-idempotent';

/** A library, opened over a database with a table `effects`. */
export interface LibraryUnderTest {
  readonly transactions: Transactions;
  /** The same with the isolation level that is called serializable. */
  readonly serializable: Transactions;
  /** Inserts a row in the way of the library, with what it calls a transaction. */
  insert(transaction: Transaction, key: string): Promise<unknown>;
  /** How many connections of its pool are in use. */
  connectionsInUse(): number;
  close(): Promise<unknown>;
}

interface Opened<Native> extends Omit<LibraryUnderTest, 'transactions' | 'serializable' | 'insert'> {
  readonly transactions: Transactions<Native>;
  readonly serializable: Transactions<Native>;
  /** Its types are those of the library: they come from what the adapter infers. */
  insert(native: Native, key: string): Promise<unknown>;
}

export function libraryUnderTest<Native>(opened: Opened<Native>): LibraryUnderTest {
  return {
    ...opened,
    insert: ({ native }, key) => opened.insert(native as Native, key),
  };
}
