import type { IdempotencyStore } from 'nestjs-idempotent';
import { storeContract } from 'nestjs-idempotent/testing';
import type { StoreCase, StoreClock } from 'nestjs-idempotent/testing';

/** The outcome of a case. Cases run at the same time, because they mostly wait for leases to end. */
type Outcome = { readonly error?: unknown };

/** Tests a store against the contract, one test for each promise. Each case calls `open` for its own store and clock. */
export function itKeepsTheStoreContract(open: () => { store: IdempotencyStore; clock: StoreClock }): void {
  const cases: readonly StoreCase[] = storeContract();
  let outcomes: ReadonlyMap<string, Promise<Outcome>> = new Map();

  beforeAll(() => {
    outcomes = new Map(
      cases.map(({ name, run }) => {
        const { store, clock } = open();
        return [
          name,
          run(store, clock).then(
            () => ({}),
            (error: unknown) => ({ error }),
          ),
        ];
      }),
    );
  });

  it.each(cases.map(({ name }) => name))('%s', async (name) => {
    expect(await outcomes.get(name)).toEqual({});
  });
}
