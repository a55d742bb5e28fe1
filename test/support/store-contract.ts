import { setImmediate as nextTurn } from 'node:timers/promises';
import type { IdempotencyStore, ScopedKey } from 'nestjs-idempotent';
import { storeContract } from 'nestjs-idempotent/testing';
import type { StoreCase, StoreClock } from 'nestjs-idempotent/testing';

/** The outcome of a case. Cases run at the same time, because they mostly wait for leases to end. */
type Outcome = { readonly error?: unknown };

/**
 * Tests a store against the contract, one test for each promise. Each case calls `open` for its own store and clock.
 *
 * @param atOnce cases at the same time; fewer where a step is so slow that what is short-lived would expire meanwhile
 */
export function itKeepsTheStoreContract(
  open: () => { store: IdempotencyStore; clock: StoreClock },
  { atOnce = Infinity }: { atOnce?: number } = {},
): void {
  const cases: readonly StoreCase[] = storeContract();
  const outcomes = new Map<string, Promise<Outcome>>();

  beforeAll(() => {
    const lanes: Promise<Outcome>[] = [];
    cases.forEach(({ name, run }, number) => {
      const { store, clock } = open();
      const before = lanes[number % atOnce] ?? Promise.resolve({});
      const outcome = before
        .then(() => run(store, clock))
        .then(
          () => ({}),
          (error: unknown) => ({ error }),
        );
      lanes[number % atOnce] = outcome;
      outcomes.set(name, outcome);
    });
  });

  it.each(cases.map(({ name }) => name))('%s', async (name) => {
    expect(await outcomes.get(name)).toEqual({});
  });
}

/**
 * A store that takes each of these steps in a turn of its own, together with the same step of other keys: half of them
 * before it, half of them after it. Their replies do not matter, but their keys have the same states.
 *
 * @param count steps in a turn
 */
export function gathering(store: IdempotencyStore, count: number): IdempotencyStore {
  let turn: Promise<void> = Promise.resolve();
  const others = Array.from({ length: count - 1 }, (_, number) => `-beside-${number}`);
  const ours = Math.floor(count / 2);

  async function together<Request extends ScopedKey, Reply>(
    request: Request,
    step: (request: Request) => Promise<Reply>,
  ): Promise<Reply> {
    await (turn = turn.then(() => nextTurn()));
    const requests = others.map((suffix) => ({ ...request, key: request.key + suffix }));
    requests.splice(ours, 0, request);
    const [reply] = (await Promise.all(requests.map(step))).slice(ours);
    if (reply === undefined) throw new Error('no reply');
    return reply;
  }

  return {
    begin: (request) => together(request, (one) => store.begin(one)),
    complete: (request) => together(request, (one) => store.complete(one)),
    extend: (owner, leaseMs) => together(owner, (one) => store.extend(one, leaseMs)),
    loadSteps: (owner) => together(owner, (one) => store.loadSteps(one)),
    // Large texts of so many keys would be another test.
    saveSteps: (owner, steps) =>
      together(owner, (one) => store.saveSteps(one, one === owner ? steps : `"of ${one.key}"`)),
    replaceRecord: (name, from, to) => together(name, (one) => store.replaceRecord(one, from, to)),
    release: (owner, options) => together(owner, (one) => store.release(one, options)),
    find: (name) => store.find(name),
    forget: (name) => store.forget(name),
    probe: () => store.probe(),
  };
}
