import type { IdempotencyStore } from '../../src/idempotency';
import { storeContract } from '../../src/idempotency/testing';
import type { StoreCase, StoreClock } from '../../src/idempotency/testing';

/** What became of a case; it ran beside the others, because most of its time is waiting for leases to end. */
type Outcome = { readonly error?: unknown };

/** Holds a store to the contract, one test a promise. Each case gets what `open` answers then. */
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
